import numpy as np
import pytest

from tfwsol.evaluation.box_overlay import OverlayRow, box_overlay, overlay_name

YELLOW, GREEN = (255, 212, 0), (53, 194, 74)


def row(boxes):
    return OverlayRow("cat", 0.5, np.eye(4), np.reshape(boxes, (-1, 4)))


def extent(picture, colour):
    """Of the pixels of a colour: x0, y0, x1, y1."""
    rows, columns = np.nonzero((picture == colour).all(axis=2))
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_boxes_are_drawn_where_they_are_on_both_pictures():
    image = np.full((300, 400, 3), 90, np.uint8)
    drawn = box_overlay(image, "a.png", [row([40, 60, 140, 160])], [[10, 20, 390, 280]])
    left, right = drawn[:, : drawn.shape[1] // 2], drawn[:, drawn.shape[1] // 2 :]
    for half in (left, right):
        found, true = extent(half, YELLOW), extent(half, GREEN)
        assert found[2] - found[0] == pytest.approx(100, abs=2)
        assert found[0] - true[0] == pytest.approx(30, abs=2)
        assert found[1] - true[1] == pytest.approx(40, abs=2)


def test_every_class_has_a_row_and_a_class_without_a_box_no_yellow():
    image = np.full((300, 300, 3), 90, np.uint8)
    one = box_overlay(image, "a.png", [row([])])
    two = box_overlay(image, "a.png", [row([]), row([])])
    assert two.shape[0] > one.shape[0] + 300
    assert not (one == YELLOW).all(axis=2).any()


@pytest.mark.parametrize("size", [(5, 7), (240, 100), (2000, 3000), (3, 1000)])
def test_pictures_of_every_size_are_brought_to_a_handy_one(size):
    image = np.zeros((*size, 3), np.uint8)
    drawn = box_overlay(image, "a.png", [row([0, 0, size[1], size[0]])])
    assert drawn.dtype == np.uint8
    assert 240 < max(drawn.shape[:2]) < 1200
    assert (drawn == YELLOW).all(axis=2).any()


def test_names_of_files():
    assert overlay_name(3, "a/b c.jpg") == "000003_a_b_c.jpg.png"
    assert overlay_name(0, "a/b.jpg") != overlay_name(1, "a_b.jpg")
    assert len(overlay_name(0, "x" * 400)) < 100
