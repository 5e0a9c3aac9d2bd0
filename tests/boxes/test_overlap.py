import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfwsol.boxes import iou


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
