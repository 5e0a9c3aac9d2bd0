import numpy as np
import pytest

from tfwsol.data.critters.classes import CLASS_NAMES
from tfwsol.data.critters.face import mark_coverage
from tfwsol.data.critters.face_marks import draw_mark
from tfwsol.data.critters.head import Head

RADIUS, SIZE = 40.0, 120


def locate(outline):
    return RADIUS * outline + SIZE / 2


def painted(label, seed=0, yaw=0.0):
    head = Head(np.eye(2), np.zeros(2), yaw, [], [])
    marks = draw_mark(label, np.random.default_rng(seed))
    return mark_coverage((SIZE, SIZE), marks, head, locate) / 255.0


GRID = (np.arange(SIZE) + 0.5 - SIZE / 2) / RADIUS
FAR = np.hypot(GRID[:, None], GRID) > 0.94 + 1.5 / RADIUS


@pytest.mark.parametrize("label", range(10), ids=CLASS_NAMES)
def test_marks_stay_inside_the_face(label):
    for seed in range(10):
        for yaw in (-0.22, 0.0, 0.22):
            assert not painted(label, seed, yaw)[FAR].any()


@pytest.mark.parametrize("label", range(10), ids=CLASS_NAMES)
def test_marks_cover_a_good_part_of_the_face_but_not_all(label):
    share = painted(label).sum() / (np.pi * RADIUS**2)
    assert 0.10 < share < 0.62


def test_marks_of_different_classes_differ_clearly():
    marks = [painted(label) for label in range(10)]
    for first in range(10):
        for second in range(first):
            overlap = np.minimum(marks[first], marks[second]).sum()
            assert overlap / np.maximum(marks[first], marks[second]).sum() < 0.75


def test_yaw_shifts_a_mark_sideways():
    def middle(yaw):
        mark = painted(CLASS_NAMES.index("star"), yaw=yaw)
        return (mark.sum(axis=0) * GRID).sum() / mark.sum()

    assert middle(0.2) - middle(0.0) == pytest.approx(0.2, abs=0.03)


def test_harlequin_colours_either_half():
    label = CLASS_NAMES.index("harlequin")
    left = [painted(label, seed)[:, : SIZE // 2].mean() > 0.1 for seed in range(20)]
    assert 4 < sum(left) < 16
