from pathlib import Path

import numpy as np
import pytest

from tfwsol.boxes import CellGrid

GOLDEN = Path(__file__).parents[1] / "golden" / "stnet" / "rf_01.npz"


@pytest.mark.parametrize("network", ["alexnet", "vgg16"])
def test_published_tables(network):
    with np.load(GOLDEN) as golden:
        rows, specs = golden[f"{network}_layers"], golden[f"{network}_specs"]
    grid = CellGrid(int(specs[0][0]))
    found = [grid]
    for window, stride, padding in rows[1:].tolist():
        found.append(found[-1].through(window, stride, (padding, padding)))
    columns = ("size", "receptive_field", "stride", "padding", "start")
    table = [[getattr(grid, name) for name in columns] for grid in found]
    np.testing.assert_array_equal(table, specs)


def test_a_border_on_one_side():
    grid = CellGrid(8, 1, 2, 0, 3).through(3, 2, (0, 1))
    assert grid == CellGrid(4, 5, 4, 0, 5)


def test_dilation_and_unknown_sizes():
    assert CellGrid(None).through(3, dilation=4) == CellGrid(None, 9, 1, 0, 4)
    assert CellGrid(9).through(3, dilation=4).size == 1


def test_cells_apart_cover_the_image_once():
    grid = CellGrid(32).through(3, 2, (1, 1)).through(3, 2, (1, 1)).apart
    assert (grid.size, grid.receptive_field, grid.stride) == (8, 4, 4)
    assert grid.size * grid.receptive_field == 32
