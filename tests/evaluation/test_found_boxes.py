import numpy as np
import pytest

from tfwsol import boxes
from tfwsol.evaluation.found_boxes import RULES, THRESHOLDS, found_boxes
from tfwsol.localization import Localization


def two_spots():
    """A large and a small bright rectangle in a map of 28 × 28, both away from the border."""
    picture = np.zeros((28, 28), np.float32)
    picture[4:14, 6:18] = 1.0
    picture[20:23, 20:24] = 0.9
    return picture


def test_a_rectangle_by_hand():
    """bas: 8 source pixels per cell; its linear resize crosses 1/2 at the edge of the cells."""
    found = found_boxes(two_spots()[None, None], [(56, 112)], "bas", 0.5)
    assert len(found) == 1
    assert len(found[0]) == 1
    # Columns 6 to 18 and rows 4 to 14 of 28, in a photograph of 112 × 56.
    np.testing.assert_allclose(found[0][0], [[24, 8, 72, 28]])


@pytest.mark.parametrize("rule", RULES)
def test_the_largest_box_is_the_one_of_the_rule(rule):
    maps = np.random.default_rng(0).normal(size=(3, 2, 7, 7)).astype(np.float32)
    maps[:, :, [0, -1]] = maps[:, :, :, [0, -1]] = -9  # nothing reaches the border
    sizes = [(100, 200), (50, 50), (31, 77)]
    whole = np.array([(0, 0, width, height) for height, width in sizes], np.float32)
    record = Localization(maps, np.zeros((3, 2)), np.zeros((3, 2)), (224, 224), whole)
    expected = boxes.of(record, rule, 0.6)
    found = found_boxes(maps, sizes, rule, 0.6)
    for image in range(3):
        for place in range(2):
            np.testing.assert_allclose(found[image][place], expected[image, place][None], rtol=1e-5)


def test_all_contours_come_once_each_and_the_largest_first():
    found = found_boxes(two_spots()[None, None], [(28, 28)], "wsoleval", 0.5, "all")[0][0]
    assert len(found) == 2
    np.testing.assert_allclose(found, [[6, 4, 18, 14], [20, 20, 24, 23]], atol=0.5)
    largest = found_boxes(two_spots()[None, None], [(28, 28)], "wsoleval", 0.5)[0][0]
    np.testing.assert_array_equal(largest, found[:1])


@pytest.mark.parametrize("rule", RULES)
def test_a_map_that_is_the_same_everywhere_has_no_box(rule):
    maps = np.stack([np.full((7, 7), 3.0), two_spots()[4:11, 15:22], np.full((7, 7), np.nan)])
    found = found_boxes(maps[None], [(10, 10)], rule, 0.3)[0]
    assert [len(one) for one in found] == [0, 1, 0]


@pytest.mark.parametrize("rule", RULES)
def test_a_box_may_reach_every_border(rule):
    maps = np.ones((1, 1, 8, 8), np.float32)
    maps[..., 3, 3] = 0
    np.testing.assert_allclose(found_boxes(maps, [(60, 90)], rule, 0.5)[0][0], [[0, 0, 90, 60]])


def test_a_rule_of_components_has_no_several_contours():
    with pytest.raises(ValueError, match="one box per map"):
        found_boxes(two_spots()[None, None], [(28, 28)], "bas", 0.5, "all")


def test_every_rule_has_a_threshold_to_begin_with():
    assert set(THRESHOLDS) == set(RULES) == {"wsoleval", "adl", "tscam", "bas"}
