import keras
import numpy as np
import pytest

from tfwsol.metrics import CorLoc


def test_by_hand():
    metric = CorLoc(num_classes=4)
    found = [[0, 0, 9, 9]] * 5
    boxes = [
        [[0, 0, 9, 4]],  # 50 of 100 pixels, exactly one half
        [[50, 50, 59, 59], [0, 0, 9, 9]],  # any true box counts
        [[0, 0, 9, 3]],
        [[0, 0, 9, 9]],
        [[90, 90, 99, 99]],
    ]
    metric.update_state(found, boxes, None, np.array([0, 0, 0, 2, 3]))
    per_class = [200 / 3, np.nan, 100, 0]
    np.testing.assert_allclose(metric.per_class(), per_class)
    assert metric.result() == pytest.approx({"CorLoc": 500 / 9, "CorLoc overall": 60.0})
    summary = metric.summary()
    assert (summary["images"], summary["iou_threshold"]) == (5, 0.5)
    assert summary["protocol"] == "CorLoc, boxes by wsoleval"


def test_image_sizes_bring_true_boxes_into_the_view():
    metric = CorLoc(1.0, 1)
    metric.update_state([[0, 56, 112, 224]], [[[0, 25, 50, 100]]], [[100, 100]], [0])
    assert metric.result()["CorLoc"] == 100
    np.testing.assert_array_equal(
        metric.overlaps([[0, 25, 50, 100]], [[[0, 25, 50, 100]]], None), 1
    )


def test_touching_boxes_are_the_rule_s():
    pair = [[0, 0, 9, 9]], [[[9, 0, 18, 9]]], None
    assert CorLoc().overlaps(*pair) > 0
    assert CorLoc(rule="stnet").overlaps(*pair) == 0


def test_saving():
    metric = CorLoc(0.7, 3, "bas")
    again = keras.metrics.deserialize(keras.metrics.serialize(metric))
    assert (again.iou_threshold, again.num_classes, again.rule) == (0.7, 3, "bas")


def test_bad_input_is_refused():
    metric = CorLoc(num_classes=2)
    box = [[0, 0, 9, 9]]
    with pytest.raises(ValueError, match="classes from 0 to 1; got 2 to 2"):
        metric.update_state(box, [box], None, [2])
    with pytest.raises(ValueError, match="one class per image, 1; got 2"):
        metric.update_state(box, [box], None, [0, 0])
    with pytest.raises(ValueError, match="one predicted box of finite corners per image"):
        metric.update_state(box[0], [box], None, [0])
    with pytest.raises(ValueError, match="at least one class"):
        CorLoc(num_classes=0)
    with pytest.raises(ValueError, match=r"in \(0, 1\]; got 50"):
        CorLoc(50)
    with pytest.raises(ValueError, match="There is no box rule 'voc'"):
        CorLoc(rule="voc")
    with pytest.raises(RuntimeError, match="No image was counted"):
        metric.result()
