import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfwsol.boxes import best_iou, iou_inclusive
from tfwsol.boxes.matching import best_overlap


def test_by_hand():
    boxes = np.array([[0, 0, 1, 1], [4, 4, 5, 5], [0, 0, 3, 0], [8, 8, 9, 9]])
    truths = [np.array([[0, 0, 1, 0], [4, 4, 5, 5]]), np.array([[0, 0, 0, 0]])]
    found = best_iou(boxes, np.array([0, 1, 2, 3, 4]), truths)
    np.testing.assert_array_equal(found, [[0.5, 1.0], [0.25, 0.0]])
    found = best_iou(boxes, np.array([0, 2, 4]), truths)
    np.testing.assert_array_equal(found, [[1.0], [0.25]])


@settings(deadline=None)
@given(st.data())
def test_it_is_the_largest_of_all_pairs(data):
    draw_boxes = hnp.arrays(np.int64, st.tuples(st.integers(1, 4), st.just(4)), elements=corner)
    truths = data.draw(st.lists(draw_boxes.map(ordered), min_size=1, max_size=3))
    thresholds = data.draw(st.integers(1, 3))
    parts = [ordered(data.draw(draw_boxes)) for _ in range(thresholds * len(truths))]
    splits = np.cumsum([0, *(len(part) for part in parts)])
    touching = data.draw(st.booleans())
    found = best_iou(np.concatenate(parts), splits, truths, touching)
    expected = [
        iou_inclusive(part[:, None], truths[place // thresholds], touching).max()
        for place, part in enumerate(parts)
    ]
    np.testing.assert_array_equal(found, np.reshape(expected, (len(truths), thresholds)))


corner = st.integers(0, 5)


def ordered(boxes):
    return np.concatenate(
        [np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1
    )


@pytest.mark.parametrize(
    ("splits", "truths", "message"),
    [
        ([0, 1], [], "ground truth of 0 images"),
        ([0, 1, 2, 3], [1, 1], "3 lists of boxes cannot belong to the ground truth of 2"),
        ([0], [1], "0 lists"),
        ([0, 1, 2], [1, 0], "needs a ground-truth box"),
        ([0, 2, 2], [1, 1], "every threshold a box"),
    ],
)
def test_wrong_arguments(splits, truths, message):
    boxes = np.zeros((splits[-1], 4))
    with pytest.raises(ValueError, match=message):
        best_iou(boxes, np.array(splits), [np.zeros((count, 4)) for count in truths])


def test_blocks_do_not_show():
    """Many boxes, equal to few at a time; one image has more true boxes than the other."""
    generator = np.random.default_rng(0)
    boxes = np.sort(generator.integers(0, 50, (40000, 2, 2)), axis=1).reshape(-1, 4)
    truths = np.sort(generator.integers(0, 50, (8, 2, 2)), axis=1).reshape(-1, 4)
    images = np.sort(generator.integers(0, 2, len(boxes)))
    best = best_overlap(boxes, images, truths, np.array([1, 7]))
    of_first = iou_inclusive(boxes, truths[:1]).ravel()
    of_second = iou_inclusive(boxes[:, None], truths[1:]).max(axis=1)
    np.testing.assert_array_equal(best, np.where(images == 0, of_first, of_second))
