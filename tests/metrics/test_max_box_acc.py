import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfwsol.boxes import from_map
from tfwsol.metrics import MaxBoxAcc


@pytest.fixture(scope="module")
def data_set(golden, score_maps):
    expected = golden("evaluation/box_dataset")
    maps = score_maps["A"]
    boxes = [expected["boxes"][expected["box_image"] == image] for image in range(len(maps))]
    return maps, boxes, expected["sizes_wh"][:, ::-1]


def blocks(generator, count):
    """Maps of 224 × 224 with few regions, holes and area ties."""
    return np.kron(generator.integers(0, 5, (count, 8, 8)) / 4.0, np.ones((28, 28)))


def some_boxes(generator, count, sizes):
    return [
        np.sort(generator.uniform(size=(generator.integers(1, 5), 2, 2)), axis=1).reshape(-1, 4)
        * size[[1, 0, 1, 0]]
        for size in sizes
    ][:count]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("config", range(5))
def test_wsolevaluation(golden, data_set, config):
    expected = golden("evaluation/box_dataset")
    metric = MaxBoxAcc(
        expected[f"cfg{config}_iou_list"],
        bool(expected[f"cfg{config}_multi_contour"]),
        float(expected[f"cfg{config}_interval"]),
    )
    metric.update_state(*data_set)
    np.testing.assert_array_equal(metric.hits, expected[f"cfg{config}_num_correct"])
    *levels, mean = metric.result().values()
    assert levels == expected[f"cfg{config}_max_box_acc"].tolist()
    assert mean == expected[f"cfg{config}_mean"]


@pytest.mark.parametrize("cut", [0, 7, 60])
def test_halves_merge_to_one_pass(data_set, cut):
    whole, first, second = (MaxBoxAcc(step=0.05, name=name) for name in "abc")
    whole.update_state(*data_set)
    first.update_state(*(part[:cut] for part in data_set))
    second.update_state(*(part[cut:] for part in data_set))
    first.merge([second])
    np.testing.assert_array_equal(first.hits, whole.hits)
    assert first.summary() == whole.summary()


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_against_one_box_after_another(seed, multi_contour):
    """The plain reading of the protocol, one map, threshold, box and true box at a time."""
    generator = np.random.default_rng(seed)
    maps = blocks(generator, 3)
    sizes = generator.integers(30, 500, (3, 2))
    boxes = some_boxes(generator, 3, sizes)
    metric = MaxBoxAcc((25, 50), multi_contour, 0.1)
    metric.update_state(maps, boxes, sizes)

    def overlap(a, b):
        width = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
        height = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
        area_a, area_b = ((c[2] - c[0] + 1) * (c[3] - c[1] + 1) for c in (a, b))
        return width * height / (area_a + area_b - width * height)

    expected = np.zeros((2, 10), int)
    for score_map, true_boxes, (height, width) in zip(maps, boxes, sizes, strict=True):
        scaled = [
            [int(c * 224.0 / s) for c, s in zip(box, (width, height) * 2, strict=True)]
            for box in true_boxes.tolist()
        ]
        per_threshold = from_map(score_map, np.arange(0, 1, 0.1), multi_contour)
        for place, found in enumerate(per_threshold):
            best = max(overlap(one, true) for one in found.tolist() for true in scaled)
            expected[:, place] += [best >= 25 / 100, best >= 50 / 100]
    np.testing.assert_array_equal(metric.hits, expected)


def test_by_hand():
    # Two plateaus: 0.5 on 100 × 100 pixels, 1 on 50 × 50 in its corner.
    maps = np.zeros((1, 224, 224))
    maps[0, 20:120, 40:140] = 0.5
    maps[0, 20:70, 40:90] = 1.0
    metric = MaxBoxAcc((50, 100), multi_contour=False, step=0.1)
    # Scaled by 2: x 40 to 90, y 20 to 70, the box above one half of the maximum.
    metric.update_state(maps, [[[80, 40, 180, 140]]], [[448, 448]])
    assert metric.result() == {"MaxBoxAcc@50": 100.0, "MaxBoxAcc@100": 100.0, "MaxBoxAcc": 100.0}
    # trunc(255 · 0.5) = 127 = trunc(0.5 · 255) is no longer foreground.
    assert metric.best_thresholds() == {50: 0.5, 100: 0.5}
    np.testing.assert_array_equal(metric.accuracies(), [[0.0] * 5 + [100.0] * 5] * 2)
    assert all(type(value) is float for value in metric.result().values())


def test_a_map_of_zeros_has_the_pixel_at_the_origin():
    metric = MaxBoxAcc((100,), step=0.5)
    metric.update_state(np.zeros((2, 224, 224)), [[[0, 0, 0, 0]], [[0, 0, 9, 9]]], [[224, 224]] * 2)
    assert metric.result() == {"MaxBoxAcc@100": 50.0, "MaxBoxAcc": 50.0}


def test_the_threshold_of_validation_images_is_honest():
    generator = np.random.default_rng(0)
    sizes = np.full((12, 2), 224)
    maps, boxes = blocks(generator, 12), some_boxes(generator, 12, sizes)
    validation, test = MaxBoxAcc(step=0.1), MaxBoxAcc(step=0.1)
    validation.update_state(maps[:6], boxes[:6], sizes[:6])
    test.update_state(maps[6:], boxes[6:], sizes[6:])
    assert validation.result_at(validation.best_thresholds()) == validation.result()
    honest, oracle = test.result_at(validation.best_thresholds()), test.result()
    assert all(honest[name] <= oracle[name] for name in oracle)
    with pytest.raises(ValueError, match="multiples of the step"):
        test.result_at({30: 0.15, 50: 0.1, 70: 0.1})
    with pytest.raises(ValueError, match=r"one threshold for each of the levels \(30, 50, 70\)"):
        test.result_at({50: 0.1})


def test_forms_of_boxes(data_set):
    maps, boxes, sizes = (part[:5] for part in data_set)
    ragged = tf.RaggedTensor.from_row_lengths(
        tf.constant(np.concatenate(boxes), tf.float32), [len(one) for one in boxes]
    )
    twice_ragged = tf.ragged.constant([one.tolist() for one in boxes])
    results = []
    for form in (boxes, [one.tolist() for one in boxes], ragged, twice_ragged):
        metric = MaxBoxAcc(step=0.1)
        metric.update_state(tf.constant(maps), form, tf.constant(sizes))
        results.append(metric.hits.tolist())
    assert results == [results[0]] * 4


def test_settings_survive_saving():
    metric = MaxBoxAcc((50, 62.5), False, 0.01)
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert again.get_config() == metric.get_config()
    again.update_state(np.ones((1, 224, 224)), [[[0, 0, 5, 5]]], [[5, 5]])
    assert list(again.result()) == ["MaxBoxAcc@50", "MaxBoxAcc@62.5", "MaxBoxAcc"]


def test_summary(data_set):
    metric = MaxBoxAcc((50,), multi_contour=False, step=0.05)
    metric.update_state(*data_set)
    assert metric.summary() == {
        "MaxBoxAcc@50": 75.0,
        "MaxBoxAcc": 75.0,
        "best_thresholds": {50: pytest.approx(0.15)},
        "step": 0.05,
        "images": 60,
        "protocol": "wsolevaluation, largest contour, threshold chosen on these images",
    }
    metric.reset_state()
    with pytest.raises(RuntimeError, match="No image was counted"):
        metric.result()


def test_bad_input_is_refused():
    maps, boxes, sizes = np.zeros((2, 224, 224)), [[[0, 0, 5, 5]], [[1, 1, 5, 5]]], [[9, 9], [9, 9]]
    metric = MaxBoxAcc(step=0.5)
    with pytest.raises(TypeError, match="float64; got float32"):
        metric.update_state(maps.astype(np.float32), boxes, sizes)
    with pytest.raises(ValueError, match="224 × 224, the size that true boxes are scaled to"):
        metric.update_state(maps[:, ::2, ::2], boxes, sizes)
    with pytest.raises(ValueError, match="one entry per image, 2; got 1"):
        metric.update_state(maps, boxes[:1], sizes)
    with pytest.raises(ValueError, match="Image sizes are height and width"):
        metric.update_state(maps, boxes, sizes[:1])
    for levels in ((), (0,), (50, 101), (np.nan,)):
        with pytest.raises(ValueError, match="IoU thresholds are percents"):
            MaxBoxAcc(levels)
    assert metric.num_images == 0
    assert not metric.hits.any()


def test_an_empty_batch_changes_nothing():
    metric = MaxBoxAcc(step=0.5)
    metric.update_state(np.zeros((0, 224, 224)), [], np.zeros((0, 2)))
    assert metric.num_images == 0
