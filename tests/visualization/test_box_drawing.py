"""Boxes on pictures."""

import numpy as np
import pytest

from tfwsol.visualization import draw_boxes

BLACK = np.zeros((40, 50, 3), np.uint8)


def test_the_line_lies_on_the_box():
    drawn = draw_boxes(BLACK, [[10, 5, 30, 25]], colour=(255, 0, 0), width=2)
    red = (drawn == [255, 0, 0]).all(axis=-1)
    ys, xs = np.nonzero(red)
    assert (xs.min(), ys.min(), xs.max(), ys.max()) == (10, 5, 30, 25)
    # A frame of 21 × 21 pixels less its inside of 17 × 17.
    assert red.sum() == 21 * 21 - 17 * 17
    assert not BLACK.any()


def test_several_boxes_none_and_a_named_colour():
    drawn = draw_boxes(BLACK, [[2, 2, 9, 9], [20, 20, 39, 35.4]], colour="cyan", width=1)
    assert (drawn[2, 2] == [0, 255, 255]).all()
    assert (drawn[35, 39] == [0, 255, 255]).all()
    np.testing.assert_array_equal(draw_boxes(BLACK, []), BLACK)
    np.testing.assert_array_equal(draw_boxes(BLACK, np.zeros((0, 4), np.int32)), BLACK)


def test_a_box_around_the_picture_stays_visible():
    drawn = draw_boxes(BLACK, [-5, 0, 50, 40], colour=(255, 0, 0), width=1)
    assert (drawn[[0, -1]] == [255, 0, 0]).all()
    assert (drawn[:, [0, -1]] == [255, 0, 0]).all()


def test_bad_boxes_are_refused():
    with pytest.raises(ValueError, match="x0 <= x1"):
        draw_boxes(BLACK, [[10, 5, 3, 25]])
    with pytest.raises(ValueError, match="finite boxes"):
        draw_boxes(BLACK, [[10, 5, np.nan, 25]])
