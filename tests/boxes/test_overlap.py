from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfwsol.boxes import iou, iou_inclusive


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0, 0, 4, 4], [0, 0, 4, 4], 1.0),
        ([0, 0, 4, 4], [2, 2, 6, 6], 4 / 28),
        ([0, 0, 4, 2], [1, 0, 3, 2], 4 / 8),
        ([0, 0, 4, 4], [4, 0, 8, 4], 0.0),  # half-open: they only touch
        ([0, 0, 4, 4], [5, 5, 6, 6], 0.0),
        ([0.5, 0, 1.5, 1], [1, 0, 2, 1], 0.5 / 1.5),
        ([2, 2, 2, 2], [2, 2, 2, 2], 0.0),
        ([0, 0, 2, 2], [1, 1, 1, 1], 0.0),
    ],
)
def test_by_hand(a, b, expected):
    assert iou(np.array(a), np.array(b)) == pytest.approx(expected, abs=1e-15)


def test_all_pairs():
    a = np.array([[0, 0, 2, 2], [0, 0, 1, 1]])
    b = np.array([[0, 0, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4]], np.float32)
    found = iou(a[:, None], b)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[1, 0.25, 0], [0.25, 0, 0]])


boxes = st.tuples(*[st.integers(0, 6)] * 4).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)


@given(boxes, boxes)
def test_it_counts_pixels(a, b):
    def pixels(box):
        return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}

    union = pixels(a) | pixels(b)
    expected = len(pixels(a) & pixels(b)) / len(union) if union else 0.0
    assert iou(np.array(a), np.array(b)) == pytest.approx(expected, abs=1e-15)
    assert iou(np.array(a), np.array(b)) == iou(np.array(b), np.array(a))


def test_bad_boxes_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        iou(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="ends before it begins"):
        iou(np.array([0, 0, 4, 4]), np.array([3, 0, 2, 4]))


GOLDEN = Path(__file__).parents[1] / "golden"


def test_inclusive_boxes_of_wsoleval():
    with np.load(GOLDEN / "evaluation" / "utils.npz") as golden:
        a, b, expected = golden["iou_a"], golden["iou_b"], golden["iou"]
    np.testing.assert_array_equal(iou_inclusive(a[:, None], b), expected)


def test_inclusive_boxes_of_bas_and_scm():
    with np.load(GOLDEN / "bas" / "iou.npz") as golden:
        np.testing.assert_array_equal(iou_inclusive(golden["a"], golden["b"]), golden["iou"])
    with np.load(GOLDEN / "scm" / "iou_scm.npz") as golden:
        a, b, expected = golden["in/a"], golden["in/b"], golden["iou"]
    np.testing.assert_allclose(iou_inclusive(a[:, None], b), expected, rtol=0, atol=1e-7)


def test_inclusive_boxes_of_stnet():
    with np.load(GOLDEN / "stnet" / "boxmath_01.npz") as golden:
        a, b, expected = golden["iou_a"], golden["iou_b"], golden["iou"]
    found = iou_inclusive(a[:, None], b, touching_overlaps=False)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("a", "b", "touching", "apart"),
    [
        ([0, 0, 3, 3], [0, 0, 3, 3], 1.0, 1.0),
        ([0, 0, 3, 3], [3, 0, 6, 3], 4 / 28, 0.0),
        ([0, 0, 3, 3], [4, 0, 6, 3], 0.0, 0.0),
        ([0, 0, 0, 0], [0, 0, 0, 0], 1.0, 0.0),
        ([0, 0, 3, 3], [5, 5, 6, 6], 0.0, 0.0),  # two negative sides give no positive area
        ([0, 0, 9, 9], [9, 9, 3, 12], 0.0, 0.0),  # ends before it begins
        ([0, 0, 0, 0], [9, 0, 3, 0], 0.0, 0.0),  # the union is negative
    ],
)
def test_inclusive_by_hand(a, b, touching, apart):
    assert iou_inclusive(np.array(a), np.array(b)) == pytest.approx(touching, abs=1e-15)
    assert iou_inclusive(np.array(a), np.array(b), False) == pytest.approx(apart, abs=1e-15)


@given(boxes, boxes)
def test_inclusive_counts_pixels(a, b):
    def pixels(box):
        return {(x, y) for x in range(box[0], box[2] + 1) for y in range(box[1], box[3] + 1)}

    expected = len(pixels(a) & pixels(b)) / len(pixels(a) | pixels(b))
    assert iou_inclusive(np.array(a), np.array(b)) == expected


def test_inclusive_boxes_have_four_numbers():
    with pytest.raises(ValueError, match="x0, y0, x1, y1"):
        iou_inclusive(np.zeros(3), np.zeros(4))
