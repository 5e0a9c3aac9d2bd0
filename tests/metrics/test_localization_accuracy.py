import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol.metrics import LocalizationAccuracy

RULES = ["adl", "tscam", "bas", "stnet"]


def run_of(expected, threshold):
    """The arguments of update_state for one threshold of a BAS golden."""
    ends = np.cumsum(expected["gt_count"])[:-1]
    boxes = np.split(expected["gt_boxes"], ends)
    predicted = expected["pred_boxes"][:, threshold]
    return predicted, boxes, None, expected["label"], expected["logits"]


@pytest.mark.parametrize("name", ["eval_ilsvrc", "eval_cub_multithr"])
def test_bas(golden, name):
    expected = golden(f"bas/{name}")
    for threshold in range(len(expected["thresholds"])):
        metric = LocalizationAccuracy("bas")
        metric.update_state(*run_of(expected, threshold))
        assert metric.result() == {
            "GT-known": expected["gt"][threshold],
            "Top-1": expected["top1"][threshold],
            "Top-5": expected["top5"][threshold],
        }


@pytest.mark.parametrize("name", ["eval_ilsvrc", "eval_cub_multithr", "eval_cub_tencrop"])
def test_bas_chooses_among_thresholds(golden, name):
    expected = golden(f"bas/{name}")
    _, *truth, logits = run_of(expected, 0)
    metric = LocalizationAccuracy("bas", thresholds=expected["thresholds"])
    metric.update_state(expected["pred_boxes"], *truth, expected.get("tencrop_logits", logits))
    np.testing.assert_array_equal(
        metric.accuracies(), [expected["gt"], expected["top1"], expected["top5"]]
    )
    result = metric.result()
    found = [result["Top-1"], result["GT-known"], metric.best_threshold()]
    assert found == expected["returned"].tolist()
    assert metric.result_at(metric.best_threshold()) == result
    np.testing.assert_array_equal(
        metric.overlaps(expected["pred_boxes"], *truth[:2]).astype(np.float32),
        expected["best_iou"].astype(np.float32),
    )


def test_tscam(golden):
    expected = golden("scm/boxes_tscam_14")
    at_a_tenth = expected["box/thr"].tolist().index(np.float32(0.1))
    boxes = np.split(expected["in/gt"], np.cumsum(expected["in/gt_count"])[:-1])
    metric = LocalizationAccuracy("tscam")
    overlaps = metric.overlaps(expected["box/gt_class"][:, at_a_tenth], boxes, None)
    hits = metric.hits_of(overlaps, expected["in/labels"], expected["in/scores"])
    for place, name in enumerate(("gt_known", "loc_top1", "loc_top5")):
        np.testing.assert_array_equal(hits[:, place, 0], expected[f"out/{name}"])


def test_the_threshold_with_the_highest_sum_wins():
    metric = LocalizationAccuracy("adl", (1,), thresholds=(0.05, 0.1, 0.15))
    good, bad = [0, 0, 9, 9], [50, 50, 60, 60]
    # GT-known 1, 1, 1; Top-1 0, 1, 1: the second, first of equals.
    metric.update_state(
        [[good, bad, bad], [bad, good, good]], [[good]] * 2, None, [0, 1], [[0.0, 1.0]] * 2
    )
    assert metric.best_threshold() == 0.1
    assert metric.result() == {"GT-known": 50.0, "Top-1": 50.0}
    assert metric.result_at(0.05) == {"GT-known": 50.0, "Top-1": 0.0}
    summary = metric.summary()
    assert summary["best_threshold"] == 0.1
    assert summary["protocol"] == "adl, threshold chosen on these images"
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert again.thresholds == (0.05, 0.1, 0.15)
    with pytest.raises(ValueError, match="one of the thresholds"):
        metric.result_at(0.2)
    with pytest.raises(ValueError, match=r"each of 3 thresholds.* got the shape \(1, 4\)"):
        metric.update_state([good], [[good]], None, [0], [[1.0]])
    with pytest.raises(ValueError, match="at least one threshold"):
        LocalizationAccuracy("adl", thresholds=())
    with pytest.raises(ValueError, match="boxes of 2 images, labels of 1"):
        metric.hits_of(np.zeros((2, 3)), [0], [[1.0]])


def test_stnet_boxes_that_touch_have_nothing_in_common():
    metric = LocalizationAccuracy("stnet", (), iou_threshold=0.01)
    metric.update_state([[0, 0, 9, 9]], [[[9, 0, 18, 9]]], None, [0], [[1.0]])
    assert metric.result() == {"GT-known": 0.0}


@pytest.mark.parametrize("percent", [30, 50, 70])
def test_bas_at_other_overlaps(golden, percent):
    expected = golden("bas/eval_ilsvrc")
    for threshold in range(len(expected["thresholds"])):
        metric = LocalizationAccuracy("bas", top_k=(), iou_threshold=percent / 100)
        metric.update_state(*run_of(expected, threshold))
        assert metric.result() == {"GT-known": expected[f"iou{percent}"][threshold]}


@pytest.mark.parametrize(
    ("rule", "true_box", "view_box"),
    [
        # 256 / 100 · (50, 25, 90, 75) - 16 = 112, 48, 214.4, 176
        ("adl", [50, 25, 90, 75], [112, 48, 214, 176]),
        ("bas", [50, 25, 90, 75], [112, 48, 214, 176]),
        ("tscam", [50, 25, 90, 75], [112, 56, 201, 168]),
        # ADL leaves what lies outside the crop outside.
        ("adl", [0, 0, 100, 100], [-16, -16, 240, 240]),
        ("bas", [0, 0, 100, 100], [0, 0, 223, 223]),
        ("tscam", [0, 0, 100, 100], [0, 0, 223, 223]),
    ],
)
def test_where_true_boxes_lie(rule, true_box, view_box):
    metric = LocalizationAccuracy(rule, iou_threshold=1.0, top_k=())
    metric.update_state([view_box], [[true_box]], [[100, 100]], [0], [[1.0]])
    assert metric.result() == {"GT-known": 100.0}
    metric.reset_state()
    metric.update_state([np.add(view_box, [0, 0, 0, 1])], [[true_box]], [[100, 100]], [0], [[1.0]])
    assert metric.result() == {"GT-known": 0.0}


@pytest.mark.parametrize("rule", RULES)
def test_exactly_one_half(rule):
    metric = LocalizationAccuracy(rule, top_k=(1,))
    metric.update_state([[0, 0, 9, 9]], [[[0, 0, 9, 4]]], None, [0], [[1.0, 0.0]])
    top_1 = 0.0 if rule == "tscam" else 100.0
    assert metric.result() == {"GT-known": 100.0, "Top-1": top_1}


@pytest.mark.parametrize("rule", RULES)
def test_which_true_boxes_count(rule):
    metric = LocalizationAccuracy(rule, top_k=())
    metric.update_state([[0, 0, 9, 9]], [[[50, 50, 60, 60], [0, 0, 9, 9]]], None, [0], [[1.0]])
    assert metric.result() == {"GT-known": 0.0 if rule == "adl" else 100.0}


def test_top_k_by_hand():
    scores = np.array([[5, 4, 3, 2, 1, 0], [0, 5, 4, 3, 2, 1], [0, 0, 0, 0, 0, 0]], np.float32)
    metric = LocalizationAccuracy("bas", top_k=(1, 5))
    boxes = [[[0, 0, 9, 9]]] * 3
    # First; sixth; first of equals.
    metric.update_state([[0, 0, 9, 9]] * 3, boxes, None, [0, 0, 0], scores)
    # Fifth of equals; right class, wrong box; sixth of equals.
    metric.update_state(
        [[0, 0, 9, 9], [50, 50, 60, 60], [0, 0, 9, 9]], boxes, None, [4, 0, 5], scores[[2, 0, 2]]
    )
    assert metric.result() == pytest.approx(
        {"GT-known": 500 / 6, "Top-1": 200 / 6, "Top-5": 300 / 6}
    )
    assert all(type(value) is float for value in metric.result().values())
    assert metric.summary()["images"] == 6
    assert metric.summary()["protocol"] == "bas"


@pytest.mark.parametrize("cut", [0, 5, 16])
def test_halves_merge_to_one_pass(golden, cut):
    arguments = run_of(golden("bas/eval_ilsvrc"), 1)
    whole, first, second = (LocalizationAccuracy("bas", name=name) for name in "abc")
    whole.update_state(*arguments)
    for metric, part in ((first, slice(cut)), (second, slice(cut, None))):
        metric.update_state(*(None if array is None else array[part] for array in arguments))
    assert first.merge([second]).summary() == whole.summary()


def test_tensors_and_saving():
    metric = LocalizationAccuracy("tscam", (1, 3), 0.7)
    metric = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert (metric.rule, metric.top_k, metric.iou_threshold) == ("tscam", (1, 3), 0.7)
    metric.update_state(
        tf.constant([[0, 0, 223, 223]]),
        tf.ragged.constant([[[0, 0, 50, 40]]], ragged_rank=1),
        tf.constant([[40, 50]]),
        tf.constant([2]),
        tf.constant([[0.0, 2.0, 1.0]]),
    )
    assert metric.result() == {"GT-known": 100.0, "Top-1": 0.0, "Top-3": 100.0}


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="one of adl, tscam, bas, stnet; got 'cam'"):
        LocalizationAccuracy("cam")
    with pytest.raises(ValueError, match="positive whole numbers"):
        LocalizationAccuracy("adl", (0, 1))
    with pytest.raises(ValueError, match=r"IoU threshold is in \(0, 1\]"):
        LocalizationAccuracy("adl", iou_threshold=50)
    metric = LocalizationAccuracy("adl")
    box, boxes, size, scores = [[0, 0, 9, 9]], [[[0, 0, 9, 9]]], [[10, 10]], [[0.0, 1.0]]
    with pytest.raises(ValueError, match="one predicted box of finite corners per image"):
        metric.update_state(box[0], boxes, size, [0], scores)
    with pytest.raises(ValueError, match="Scores are batch × classes"):
        metric.update_state(box, boxes, size, [0], scores[0])
    with pytest.raises(ValueError, match="Labels are classes from 0 to 1; got 2"):
        metric.update_state(box, boxes, size, [2], scores)
    with pytest.raises(ValueError, match="finite corners"):
        metric.update_state([[0, 0, np.nan, 9]], boxes, size, [0], scores)
    with pytest.raises(ValueError, match="Scores hold NaN"):
        metric.update_state(box, boxes, size, [0], [[np.nan, 1.0]])
    with pytest.raises(ValueError, match="Labels are whole numbers"):
        metric.update_state(box, boxes, size, [0.0], scores)
    with pytest.raises(RuntimeError, match="No image was counted"):
        metric.result()


@pytest.mark.parametrize("rule", RULES)
def test_an_empty_batch_changes_nothing(rule):
    metric = LocalizationAccuracy(rule)
    metric.update_state(
        np.zeros((0, 4)), [], np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros((0, 3))
    )
    assert metric.num_images == 0
