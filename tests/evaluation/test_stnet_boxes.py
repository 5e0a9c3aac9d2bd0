import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfwsol.boxes import CellGrid, scale_truth
from tfwsol.evaluation.stnet_boxes import (
    in_picture,
    overlaps,
    proposals,
    proposals_beside,
    truth_in_view,
)
from tfwsol.evaluation.stnet_settings import STNetSettings

RULE = STNetSettings().rule
ROWS, COLUMNS = CellGrid(8, 5, 4, 0, 2), CellGrid(8, 3, 2, 0, 1)


def gates(*cells):
    found = np.zeros((1, 8, 8, 2), np.float32)
    for row, column, channel, value in cells:
        found[0, row, column, channel] = value
    return found


def test_boxes_reach_over_what_the_corner_cells_see():
    """Rows 2 and 4: centres 10 and 18, two pixels on each side. Columns 3 and 5: 7 and 11, one."""
    found = gates((2, 3, 0, 1), (4, 5, 1, 1), (7, 7, 0, 0.1))
    boxes, is_box = proposals(found, "sum", RULE, 1.0, (ROWS, COLUMNS), 32)
    assert boxes.tolist() == [[6, 8, 12, 20]]
    assert is_box.tolist() == [True]


def test_at_the_image_cells_are_pixels_and_corners_stay_inside():
    pixels = (CellGrid(8), CellGrid(8))
    boxes, _ = proposals(gates((1, 0, 0, 1), (7, 6, 0, 1)), "sum", RULE, 1.0, pixels, 8)
    assert boxes.tolist() == [[0, 1, 6, 7]]
    boxes, _ = proposals(gates((7, 7, 0, 1)), "sum", RULE, 1.0, (ROWS, COLUMNS), 31)
    assert boxes.tolist() == [[14, 28, 16, 31]]


def test_channels_are_summed_compared_or_left_apart():
    """Cells of 2 + 2, 3 and 1. Means: 8/3 of sums, 2 of greatest, 2 of single gates."""
    found = gates((0, 0, 0, 2), (0, 0, 1, 2), (3, 3, 0, 3), (7, 7, 0, 1))
    pixels = (CellGrid(8), CellGrid(8))
    expected = {"sum": [0, 0, 3, 3], "max": [0, 0, 3, 3], "intact": [0, 0, 3, 3]}
    for collapse, box in expected.items():
        assert proposals(found, collapse, RULE, 1.0, pixels, 8)[0].tolist() == [box]
    # 1.2 times the means: 3.2, 2.4, 2.4.
    expected = {"sum": [0, 0, 0, 0], "max": [3, 3, 3, 3], "intact": [3, 3, 3, 3]}
    for collapse, box in expected.items():
        assert proposals(found, collapse, RULE, 1.2, pixels, 8)[0].tolist() == [box]


def test_without_gates_the_box_is_the_published_one_and_known_for_none():
    boxes, is_box = proposals(gates(), "sum", RULE, 1.0, (CellGrid(8), CellGrid(8)), 8)
    assert boxes.tolist() == [[0, 0, 1, 1]]
    assert is_box.tolist() == [False]


def test_maps_of_other_methods_are_enlarged_and_what_is_negative_left_out():
    """One cell of 8 × 8 pixels in 3 × 3: linear slopes reach their mean inside the cell's half."""
    maps = np.full((1, 3, 3), -5, np.float32)
    maps[0, 1, 1] = 1
    (box,) = proposals_beside(maps, RULE, 1.0, 24).tolist()
    # Slopes of (j + 1/2) / 8 on each side, twice 1 + 3 + ... + 15 sixteenths: mean 1/4.
    hat = np.concatenate([np.arange(1, 16, 2), np.arange(15, 0, -2)]) / 16
    bright = np.flatnonzero(hat * hat.max() >= 0.25) + 4
    assert box == [bright[0], bright[0], bright[-1], bright[-1]]


def test_true_boxes_are_scaled_to_the_short_side_and_cropped():
    """Of 60 × 40 pixels, the short side to 20: 30 × 20, five columns cut on each side."""
    found = truth_in_view(np.float32([[12, 8, 50, 38]]), (40, 60), 20)
    np.testing.assert_allclose(found, [[1, 4, 20, 19]])


@given(st.integers(20, 500), st.integers(20, 500))
def test_at_224_pixels_true_boxes_are_those_of_the_protocol(height, width):
    boxes = np.array([[1, 2, width - 3, height - 1], [0, 0, width, height]])
    expected = scale_truth(boxes, (height, width), "stnet")
    np.testing.assert_array_equal(truth_in_view(boxes, (height, width), 224), expected)


def test_overlaps_are_the_best_ones_and_none_without_truth():
    """Ends count: 10 × 10 pixels in 10 × 20. Boxes that only touch overlap by 0."""
    box = np.array([[0, 0, 9, 9]] * 4)
    truths = [np.array([[0, 0, 9, 19], [50, 50, 60, 60]]), None, np.zeros((0, 4)),
              np.array([[9, 0, 19, 9]])]  # fmt: skip
    found = overlaps(box, truths)
    assert found[0] == pytest.approx(0.5)
    assert found[1:] == [None, None, 0.0]


@given(st.tuples(*[st.integers(0, 31)] * 4), st.integers(32, 300))
def test_boxes_of_the_view_lie_in_its_region(corners, extent):
    x0, x1, y0, y1 = *sorted(corners[:2]), *sorted(corners[2:])
    found = in_picture([x0, y0, x1, y1], np.array([7.0, 3.0, 7.0 + extent, 3.0 + extent]), 32)
    pixel = extent / 32
    expected = [7 + x0 * pixel, 3 + y0 * pixel, 7 + (x1 + 1) * pixel, 3 + (y1 + 1) * pixel]
    np.testing.assert_allclose(found, expected)


def test_a_box_that_ends_at_the_border_ends_there_in_the_picture():
    assert in_picture([0, 0, 32, 31], np.array([0, 0, 64, 64]), 32).tolist() == [0, 0, 64, 64]
