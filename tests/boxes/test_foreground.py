import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfwsol.boxes import PRESETS, from_map


def regions(bright):
    """Sets of pixels that touch by side or corner, the first from the top left first."""
    left = {tuple(pixel) for pixel in np.argwhere(bright).tolist()}
    found = []
    while left:
        region, front = set(), [min(left)]
        while front:
            row, column = front.pop()
            if (row, column) in left:
                left.remove((row, column))
                region.add((row, column))
                front += [(row + y, column + x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
        found.append(region)
    return found


def extent(pixels):
    rows, columns = zip(*pixels, strict=True)
    return [min(columns), min(rows), max(columns) + 1, max(rows) + 1]


maps = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 8), st.integers(1, 8)),
    elements=st.sampled_from([0.0, 0.0, 0.25, 0.5, 0.75, 1.0]),
)


@settings(deadline=None)
@given(maps, st.floats(0, 1, width=32))
def test_the_component_of_most_pixels(score_map, threshold):
    found = regions(score_map > threshold)
    height, width = score_map.shape
    expected = extent(max(found, key=len)) if found else [0, 0, width, height]
    assert from_map(score_map, threshold, False, "bas")[0].tolist() == [expected]


def test_the_first_of_equal_components_by_rows():
    score_map = np.zeros((5, 7))
    score_map[0, 6] = score_map[1, 6] = 1.0
    score_map[1, 0] = score_map[2, 1] = 1.0  # joined by a corner; OpenCV labels it first
    assert from_map(score_map, 0.5, False, "bas")[0].tolist() == [[6, 0, 7, 2]]


@settings(deadline=None)
@given(maps, st.sampled_from([0.0, 0.5, 1.0, 1.7, 40.0]))
def test_all_cells_of_a_share_of_the_mean(gates, share):
    bound = share * gates[gates != 0].mean() if gates.any() else 0.0
    assume(not bound or not np.isclose(gates, bound, atol=1e-6).any())  # float32 may differ there
    bright = (gates >= bound) & (gates > 0)
    expected = [0, 0, 1, 1]
    if bright.any():
        x0, y0, x1, y1 = extent(np.argwhere(bright).tolist())
        expected = [x0, y0, x1 - 1, y1 - 1]
    assert from_map(gates, share, False, "stnet")[0].tolist() == [expected]


@pytest.mark.parametrize("side", [3, 8, 11, 64])
@pytest.mark.parametrize("value", [0.1, 0.3, 1.1])
def test_a_constant_map_reaches_its_mean(side, value):
    gates = np.full((side, side), value, np.float32)
    assert from_map(gates, 1.0, False, "stnet")[0].tolist() == [[0, 0, side - 1, side - 1]]


@pytest.mark.parametrize(
    ("level", "threshold", "deviations", "least"),
    [
        ("of_nonzero_mean", 1.0, 0.0, 4),  # mean 4 of 1, 2, 3, 4, 10
        ("of_nonzero_mean", 1.0, 0.5, 10),  # and half of sqrt(10)
        ("of_nonzero_mean", 0.0, 0.0, 1),
        ("of_mean", 1.0, 0.0, 2),  # 20 / 10
        ("of_mean", 1.0, 1.0, 10),  # sqrt(9) more
        ("of_nonzero_rank", 0.0, 0.0, 1),
        ("of_nonzero_rank", 0.39, 0.0, 2),
        ("of_nonzero_rank", 0.4, 0.0, 3),
        ("of_nonzero_rank", 1.0, 0.0, 10),
        ("of_energy", 0.0, 0.0, 1),
        ("of_energy", 0.29, 0.0, 3),
        ("of_energy", 0.3, 0.0, 4),  # 1 + 2 + 3 do not exceed it
        ("of_energy", 0.5, 0.0, 10),
        ("of_energy", 1.0, 0.0, 10),
    ],
)
def test_levels_by_hand(level, threshold, deviations, least):
    gates = np.array([[0, 10, 4, 3, 2, 1, 0, 0, 0, 0]], np.float32)
    rule = dataclasses.replace(PRESETS["stnet"], level=level, deviations=deviations)
    last = {10: 1, 4: 2, 3: 3, 2: 4, 1: 5}[least]
    assert from_map(gates, threshold, False, rule)[0].tolist() == [[1, 0, last, 0]]


@pytest.mark.parametrize("level", ["of_nonzero_rank", "of_energy"])
def test_shares_of_number_and_sum_are_at_most_1(level):
    rule = dataclasses.replace(PRESETS["stnet"], level=level)
    with pytest.raises(ValueError, match="from 0 to 1"):
        from_map(np.full((2, 2), 7.0), 1.1, False, rule)
