import numpy as np
import pytest
import tensorflow as tf

from tfwsol.metrics.true_boxes import flat_boxes, sizes_of_boxes

BOXES = [[[0, 0, 1, 1], [2, 3, 4, 5.5]], [[6, 7, 6, 7]]]


@pytest.mark.parametrize(
    "boxes",
    [
        BOXES,
        [np.array(one, np.float32) for one in BOXES],
        [tf.constant(one, tf.float32) for one in BOXES],
        tf.ragged.constant(BOXES),
        tf.ragged.constant(BOXES, ragged_rank=1),
    ],
)
def test_forms(boxes):
    flat, counts = flat_boxes(boxes, 2)
    assert flat.dtype == np.float64
    assert flat.tolist() == [*BOXES[0], *BOXES[1]]
    assert counts.tolist() == [2, 1]


def test_an_array_of_equally_many():
    flat, counts = flat_boxes(np.arange(16).reshape(2, 2, 4), 2)
    np.testing.assert_array_equal(flat, np.arange(16).reshape(4, 4))
    assert counts.tolist() == [2, 2]


def test_sizes_are_repeated():
    assert sizes_of_boxes([[2, 3], [4, 5]], np.array([2, 1])).tolist() == [[2, 3], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[[0, 0, 1, 1]]], "one entry per image, 2; got 1"),
        ([[0, 0, 1, 1], [0, 0, 1, 1]], r"shape \(4,\) for image 0"),
        ([[[0, 0, 1, 1]], np.zeros((0, 4))], "Image 1 of the batch has no true box"),
        ([[[0, 0, 1, 1]], [[0, 0, 1, 1], [3, 0, 2, 1]]], r"got \[3.0, 0.0, 2.0, 1.0\] for image 1"),
        ([[[-1, 0, 1, 1]], [[0, 0, 1, 1]]], "for image 0"),
        ([[[0, np.nan, 1, 1]], [[0, 0, 1, 1]]], "for image 0"),
        ([[[0, 0, 1, np.inf]], [[0, 0, 1, 1]]], "for image 0"),
        (tf.ragged.constant([[[1, 2, 3]], [[4, 5, 6]]]), r"batch × \(n\) × 4"),
    ],
)
def test_bad_boxes_are_refused(boxes, message):
    with pytest.raises(ValueError, match=message):
        flat_boxes(boxes, 2)


@pytest.mark.parametrize("sizes", [[[0, 3], [4, 5]], [[np.nan, 3], [4, 5]], [[2, 3]], [2, 3]])
def test_bad_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="Image sizes are"):
        sizes_of_boxes(sizes, np.array([2, 1]))
