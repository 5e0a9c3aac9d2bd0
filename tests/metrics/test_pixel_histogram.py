import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfwsol.metrics import PIoU, PxAP


def numpy_histograms(maps, masks, step):
    edges = [*np.arange(0, 1, step), 1.0, 2.0, 3.0]
    return np.stack([np.histogram(maps[masks == part], edges)[0] for part in (0, 1)])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.001, 0.01, 0.05, 0.3, 0.7, 1.0, 1 / 7]))
def test_bins_are_numpys(seed, step):
    """Adversarial scores: the edges themselves and their neighbours in float64."""
    generator = np.random.default_rng(seed)
    edges = np.append(np.arange(0, 1, step), 1.0)
    scores = generator.choice(edges, (3, 20, 20))
    scores = np.nextafter(scores, generator.choice([0.0, 0.5, 1.0], scores.shape)).clip(0, 1)
    masks = generator.choice(np.array([0, 1, 255], np.uint8), scores.shape)
    metric = PxAP(step)
    metric.update_state(scores, masks)
    np.testing.assert_array_equal(metric.histogram, numpy_histograms(scores, masks, step))


@pytest.mark.parametrize("cut", [0, 1, 20, 32])
@pytest.mark.parametrize("metric_class", [PxAP, PIoU])
def test_halves_merge_to_one_pass(metric_class, cut):
    generator = np.random.default_rng(cut)
    maps = generator.uniform(size=(32, 16, 16))
    masks = generator.uniform(size=maps.shape) < maps
    whole, first, second = metric_class(), metric_class(), metric_class(name="second")
    whole.update_state(maps, masks)
    first.update_state(maps[:cut], masks[:cut])
    second.update_state(maps[cut:], masks[cut:])
    merged = first.merge([second])
    assert merged is first
    np.testing.assert_array_equal(merged.histogram, whole.histogram)
    assert merged.summary() == whole.summary()
    assert merged.num_images == 32


def test_blocks_do_not_show():
    """One map of more pixels than a block, and the same pixels as many small maps."""
    maps = np.random.default_rng(0).uniform(size=(1, 300, 300))
    masks = maps > 0.4
    large, small = PxAP(), PxAP()
    large.update_state(maps, masks)
    small.update_state(maps.reshape(100, 30, 30), masks.reshape(100, 30, 30))
    np.testing.assert_array_equal(large.histogram, small.histogram)


def test_tensors_and_reset():
    maps, masks = np.full((2, 4, 4), 0.25), np.ones((2, 4, 4), np.uint8)
    metric = PxAP(0.5)
    metric.update_state(keras.ops.convert_to_tensor(maps), keras.ops.convert_to_tensor(masks))
    np.testing.assert_array_equal(metric.histogram, [[0, 0, 0, 0], [32, 0, 0, 0]])
    metric.reset_state()
    assert metric.num_images == 0
    assert not metric.histogram.any()


def test_settings_survive_saving():
    metric = keras.metrics.deserialize(keras.metrics.serialize(PIoU(0.01, name="mine")))
    assert (type(metric), metric.step, metric.name) == (PIoU, 0.01, "mine")


def test_bad_input_is_refused():
    maps, masks = np.zeros((2, 8, 8)), np.zeros((2, 8, 8), np.uint8)
    metric = PxAP()
    with pytest.raises(TypeError, match="float64; got float32"):
        metric.update_state(maps.astype(np.float32), masks)
    with pytest.raises(ValueError, match=r"maps\[None\]"):
        metric.update_state(maps[0], masks[0])
    for bad in (np.nan, np.inf, 1.0001, -0.0001):
        spoiled = maps.copy()
        spoiled[1, 2, 3] = bad
        with pytest.raises(ValueError, match=r"in \[0, 1\] without NaN"):
            metric.update_state(spoiled, masks)
    with pytest.raises(TypeError, match="Masks are uint8"):
        metric.update_state(maps, maps)
    with pytest.raises(ValueError, match="Masks have the shape"):
        metric.update_state(maps, masks[:, :4])
    with pytest.raises(ValueError, match="got 128"):
        metric.update_state(maps, masks + np.uint8(128))
    for step in (0, -0.1, 1.5, np.nan):
        with pytest.raises(ValueError, match=r"step of the thresholds is in \(0, 1\]"):
            PxAP(step)
    assert metric.num_images == 0


def test_strangers_are_not_merged():
    with pytest.raises(ValueError, match="same settings"):
        PxAP(0.01).merge([PxAP(0.001)])
    with pytest.raises(TypeError, match="PxAP merges metrics of its own class; got PIoU"):
        PxAP().merge([PIoU()])


@pytest.mark.parametrize("label", [0, 255])
def test_without_an_object_there_is_no_recall(label):
    metric = PxAP()
    metric.update_state(np.zeros((1, 4, 4)), np.full((1, 4, 4), label, np.uint8))
    with pytest.raises(RuntimeError, match="No pixel of an object"):
        metric.result()
