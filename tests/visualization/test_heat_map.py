"""Maps at picture size, against the L2-CAF rendering and by hand."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tfwsol.visualization import normalise_maps, resize_maps
from tfwsol.visualization.heat_map import interpolation_matrix

GOLDEN = Path(__file__).parents[1] / "golden" / "l2caf" / "heatmap.npz"
MAPS = arrays.arrays(
    np.float32,
    arrays.array_shapes(min_dims=2, max_dims=4, max_side=6),
    elements=st.floats(-1e3, 1e3, width=32),
)


@pytest.mark.parametrize("case", range(3))
def test_equals_the_reference_rendering(case):
    with np.load(GOLDEN) as golden:
        score_map, size = golden[f"{case}.mask"], tuple(golden[f"{case}.shape"])
        expected = golden[f"{case}.resized_norm"]
        extremes = golden[f"{case}.resized_minmax"]
    resized = resize_maps(score_map, size)
    assert resized.shape == size
    assert resized.dtype == np.float32
    np.testing.assert_allclose([resized.min(), resized.max()], extremes, rtol=1e-6)
    np.testing.assert_allclose(normalise_maps(resized)[::3, ::3], expected, atol=2e-7)


def test_doubling_two_cells_by_hand():
    # Pixel centres lie at cells -0.25, 0.25, 0.75, 1.25; the border mirrors to 0.25 and 0.75.
    expected = [[0.25, 0.25, 0.75, 0.75]]
    np.testing.assert_allclose(resize_maps([[0.0, 1.0]], (1, 4)), expected)


def test_shrinking_counts_every_cell():
    # A triangle of reach 4 about the centre 1.5: 5, 7, 7, 5 eighths on the cells, and from the
    # mirrored ones 3 and 1 eighths more on the cells 2, 1 and 1, 2; 32 eighths in all.
    np.testing.assert_allclose(interpolation_matrix(4, 1), np.array([[5, 11, 11, 5]]) / 32)
    assert resize_maps([[0, 0, 0, 32.0]], (1, 1)) == 5


def test_rows_and_columns_are_not_exchanged():
    resized = resize_maps([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]], (8, 3))
    assert resized[0, 0] < 0.4 < 0.6 < resized[-1, 0]
    np.testing.assert_array_equal(resized, resized[:, :1] * np.ones(3))


@settings(deadline=None)
@given(MAPS, st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_resizing_a_stack_equals_resizing_each(maps, size):
    resized = resize_maps(maps, size)
    assert resized.shape == (*maps.shape[:-2], *size)
    assert maps.min() - 1e-3 <= resized.min() <= resized.max() <= maps.max() + 1e-3
    for index in np.ndindex(maps.shape[:-2]):
        np.testing.assert_allclose(resized[index], resize_maps(maps[index], size), atol=1e-4)
    np.testing.assert_allclose(resize_maps(maps, maps.shape[-2:]), maps, atol=1e-4)


def test_a_part_of_a_row_of_pixels():
    # Two cells over the pixels 1..5: centres of the pixels 1 to 4 as in the doubling above.
    weights = interpolation_matrix(2, 6, 1.0, 5.0)
    np.testing.assert_allclose(weights[1:5, 1], [0.25, 0.25, 0.75, 0.75])
    np.testing.assert_allclose(weights.sum(axis=1), 1)


@settings(deadline=None)
@given(MAPS)
def test_every_normalised_map_fills_the_range_or_is_zero(maps):
    normalised = normalise_maps(maps)
    assert normalised.dtype == np.float32
    for index in np.ndindex(maps.shape[:-2]):
        extremes = normalised[index].min(), normalised[index].max()
        assert extremes in ((0, 1), (0, 0))


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, np.nan, np.inf, -np.inf])
def test_a_map_without_contrast_becomes_zeros(value):
    constant = np.full((7, 5), value, np.float32)
    resized = resize_maps(constant, (50, 31))
    np.testing.assert_array_equal(normalise_maps(resized), np.zeros((50, 31)))
    np.testing.assert_array_equal(normalise_maps(resized, symmetric=True).shape, (50, 31))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("symmetric", "rest"), [(False, 0.0), (True, 0.5)])
def test_one_broken_cell_does_not_reach_the_other_maps(value, symmetric, rest):
    maps = np.stack([np.arange(6.0).reshape(2, 3)] * 2)
    maps[0, 0, 1] = value
    normalised = normalise_maps(maps, symmetric)
    np.testing.assert_array_equal(normalised[0], rest)
    np.testing.assert_array_equal(normalised[1], normalise_maps(maps[1], symmetric))


def test_symmetric_keeps_zero_in_the_middle():
    np.testing.assert_allclose(normalise_maps([[-1.0, 0.0, 4.0]], True), [[0.375, 0.5, 1.0]])
    np.testing.assert_allclose(normalise_maps([[-4.0, 0.0, 1.0]], True), [[0.0, 0.5, 0.625]])
    np.testing.assert_array_equal(normalise_maps(np.zeros((2, 2)), True), 0.5)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"got the shape \(3,\)"):
        resize_maps([1.0, 2, 3], (4, 4))
    with pytest.raises(ValueError, match=r"got the shape \(0, 3\)"):
        normalise_maps(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="got 0 pixels"):
        resize_maps(np.zeros((2, 2)), (0, 4))
