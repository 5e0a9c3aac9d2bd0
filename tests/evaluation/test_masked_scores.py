import numpy as np
import pytest

from tfwsol.evaluation.map_diagnostics import MaskedExamples
from tfwsol.evaluation.masked_scores import largest_box_threshold, masked_scores

SIDE = 96


def pictures_with(object_box, part_box):
    """Two pictures with one rectangle each, the part inside it."""

    def mask(box):
        found = np.zeros((SIDE, SIDE), bool)
        found[box[1] : box[3], box[0] : box[2]] = True
        return found

    def twice(value):
        return np.stack([value, value])

    boxes = [np.array(box, np.float32) for box in (object_box, part_box)]
    return MaskedExamples(
        np.zeros((2, SIDE, SIDE, 3), np.uint8),
        np.array([0, 1]),
        twice(boxes[0]),
        twice(mask(object_box)),
        twice(boxes[1]),
        twice(mask(part_box)),
    )


EXAMPLES = pictures_with((16, 24, 80, 72), (16, 24, 32, 40))


def test_a_map_of_the_object_is_right_and_one_of_the_part_is_wrong():
    found = np.stack([EXAMPLES.masks[0], EXAMPLES.part_masks[0]]).astype(np.float32)
    logits = np.array([[1.0, 0.0], [0.0, 1.0]])
    scores = masked_scores(found, EXAMPLES, 0.5, logits)
    assert scores["GT-known"] == 50.0
    assert scores["MaxBoxAcc"] == 50.0
    assert scores["Top-1 Cls"] == 100.0
    assert scores["Top-1 Loc"] == 50.0
    assert scores["part_only"] == 50.0
    assert scores["peak_on_object"] == 100.0
    # The whole image, the box at threshold 0, overlaps the object by a third.
    assert [scores[f"MaxBoxAccV2@{level}"] for level in (30, 50, 70)] == [100.0, 50.0, 50.0]
    assert scores["MaxBoxAccV2"] == pytest.approx(200.0 / 3)


def test_a_wrong_class_is_no_top_1_localization():
    found = EXAMPLES.masks.astype(np.float32)
    scores = masked_scores(found, EXAMPLES, 0.5, np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert (scores["GT-known"], scores["Top-1 Cls"], scores["Top-1 Loc"]) == (100.0, 50.0, 50.0)
    assert scores["PxAP"] > 99.0
    assert "Top-1 Cls" not in masked_scores(found, EXAMPLES, 0.5)


def test_the_threshold_is_the_one_that_frames_the_object():
    # Bright on the part, half as bright on the object, a tenth everywhere else on a wide frame.
    glow = 0.5 * EXAMPLES.masks[0] + 0.5 * EXAMPLES.part_masks[0]
    wide = np.zeros((SIDE, SIDE))
    wide[4:92, 4:92] = 0.1
    found = np.stack([np.maximum(glow, wide)] * 2)
    threshold = largest_box_threshold(found, EXAMPLES)
    assert 0.1 <= threshold <= 0.2
    assert masked_scores(found, EXAMPLES, threshold)["GT-known"] == 100.0
    assert masked_scores(found, EXAMPLES, 0.75)["GT-known"] == 0.0
