import keras
import numpy as np
import pytest

from tfwsol.metrics import SegmentationMeanIoU


@pytest.fixture
def seeds(golden):
    """Those arrays of BAS' golden wsss_pipeline that the threshold sweep needs."""
    expected = golden("bas/wsss_pipeline_seeds")
    images = [
        [expected[f"{key}_{i}"] for i in range(3)] for key in ("seed_high", "seed_keys", "gt")
    ]
    return images, expected["seed_miou_sweep"]


def test_voc_seeds(seeds):
    images, expected = seeds
    metric = SegmentationMeanIoU()
    metric.update_state(*images)
    np.testing.assert_array_equal(metric.mean_ious(), 100 * expected)
    assert metric.result() == 100 * expected.max()
    assert metric.summary() == {
        "mIoU": metric.result(),
        "best_threshold": 0.44,
        "images": 3,
        "protocol": "VOC seeds, threshold chosen on these images",
    }


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_halves_merge_to_one_pass(seeds, cut):
    images, _ = seeds
    whole, first, second = (SegmentationMeanIoU(name=name) for name in "abc")
    whole.update_state(*images)
    first.update_state(*(part[:cut] for part in images))
    second.update_state(*(part[cut:] for part in images))
    first.merge([second])
    np.testing.assert_array_equal(first.confusions(), whole.confusions())
    assert first.summary() == whole.summary()


def test_against_one_argmax_per_threshold():
    """Small integers, so that maps tie with each other and with the thresholds."""
    generator = np.random.default_rng(0)
    thresholds = np.array([0.0, 1.0, 2.5, 3.0])
    metric = SegmentationMeanIoU(5, thresholds)
    expected = np.zeros((4, 6, 6), int)
    for _ in range(20):
        count = generator.integers(1, 5)
        size = tuple(generator.integers(3, 12, 2))
        maps = generator.integers(0, 5, (count, *size)).astype(np.float32)
        ids = generator.permutation(5)[:count]
        mask = generator.choice([-1, 0, 1, 2, 3, 4, 5, 255], size)
        metric.update_state([maps], [ids], [mask])
        seen = (mask >= 0) & (mask < 255)
        for place, threshold in enumerate(thresholds):
            levels = np.concatenate([np.full((1, *size), threshold), maps])
            predicted = np.append(0, ids + 1)[levels.argmax(axis=0)]
            np.add.at(expected[place], (mask[seen], predicted[seen]), 1)
    np.testing.assert_array_equal(metric.confusions(), expected)


def test_by_hand():
    metric = SegmentationMeanIoU(3, [0.1, 0.5])
    maps = np.array([[[0.9, 0.4, 0.3, 0.0]], [[0.2, 0.3, 0.6, 0.05]]])
    metric.update_state([maps], [[0, 2]], [np.array([[1, 1, 3, 0]])])
    # At 0.1 all right; at 0.5 the second pixel is lost: background 1/2, first class 1/2, third 1.
    np.testing.assert_allclose(metric.mean_ious(), [100, 200 / 3])
    assert metric.best_threshold() == 0.1
    np.testing.assert_array_equal(metric.class_ious(), [100, 100, np.nan, 100])
    assert type(metric.result()) is float


def test_settings_survive_saving():
    metric = SegmentationMeanIoU(4, (0.25, 0.5))
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert again.get_config() == metric.get_config()


def test_bad_input_is_refused():
    metric = SegmentationMeanIoU(3)
    maps, ids, mask = np.zeros((2, 4, 5)), [0, 2], np.zeros((4, 5), np.uint8)
    with pytest.raises(ValueError, match="a mask height × width"):
        metric.update_state([maps], [ids], [mask.T])
    with pytest.raises(ValueError, match="without NaN"):
        metric.update_state([maps + np.nan], [ids], [mask])
    with pytest.raises(ValueError, match="one of 0 to 2 for each of 2 maps"):
        metric.update_state([maps], [[0, 3]], [mask])
    with pytest.raises(ValueError, match="Masks hold 0 to 3, and 255 for ignored; got 4"):
        metric.update_state([maps], [ids], [mask + 4])
    with pytest.raises(ValueError, match="ascending"):
        SegmentationMeanIoU(3, (0.5, 0.2))
    with pytest.raises(ValueError, match="at least one class"):
        SegmentationMeanIoU(0)
    with pytest.raises(RuntimeError, match="No pixel was counted"):
        metric.result()
