import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfwsol.boxes import largest_contour_box


def test_the_larger_of_two_regions():
    score_map = np.zeros((8, 10), np.float32)
    score_map[1:3, 1:3] = 1.0
    score_map[4:7, 5:9] = 0.6
    np.testing.assert_array_equal(largest_contour_box(score_map, 0.5), [5, 4, 9, 7])
    np.testing.assert_array_equal(largest_contour_box(score_map, 0.7), [1, 1, 3, 3])


def test_the_threshold_is_a_share_of_the_maximum_and_is_reached():
    score_map = np.zeros((4, 4))
    score_map[0, 0], score_map[0, 1] = 8.0, 4.0
    np.testing.assert_array_equal(largest_contour_box(score_map, 0.5), [0, 0, 2, 1])
    np.testing.assert_array_equal(largest_contour_box(score_map, 0.51), [0, 0, 1, 1])
    np.testing.assert_array_equal(largest_contour_box(score_map, 0.0), [0, 0, 4, 4])


def test_corners_connect_and_thin_regions_count_by_their_box():
    score_map = np.zeros((6, 6))
    score_map[[0, 1, 2], [0, 1, 2]] = 1.0
    score_map[5, 3:5] = 1.0
    np.testing.assert_array_equal(largest_contour_box(score_map, 0.5), [0, 0, 3, 3])


def test_a_ring_counts_as_what_it_encloses():
    score_map = np.zeros((9, 9))
    score_map[0:5, 0:5] = 1.0
    score_map[1:4, 1:4] = 0.0
    score_map[6:9, 6:9] = 1.0
    np.testing.assert_array_equal(largest_contour_box(score_map, 0.5), [0, 0, 5, 5])


def test_many_maps_and_a_map_of_zeros():
    maps = np.zeros((2, 1, 5, 7), np.float32)
    maps[0, 0, 2, 3] = 0.1
    found = largest_contour_box(maps, 0.5)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[[3, 2, 4, 3]], [[0, 0, 7, 5]]])
    assert largest_contour_box(np.zeros((0, 5, 7)), 0.5).shape == (0, 4)


@given(
    hnp.arrays(np.float64, (5, 6), elements=st.floats(0, 1)),
    st.floats(0, 1),
)
def test_the_box_is_tight(score_map, threshold):
    x0, y0, x1, y1 = largest_contour_box(score_map, threshold).astype(int)
    bright = score_map >= threshold * score_map.max()
    inside = bright[y0:y1, x0:x1]
    assert inside[0].any()
    assert inside[-1].any()
    assert inside[:, 0].any()
    assert inside[:, -1].any()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"shape \(4,\)"):
        largest_contour_box(np.zeros(4), 0.5)
    with pytest.raises(ValueError, match=r"in \[0, 1\]; got 50"):
        largest_contour_box(np.zeros((4, 4)), 50)
    for value in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match="finite and not negative"):
            largest_contour_box(np.full((4, 4), value), 0.5)
