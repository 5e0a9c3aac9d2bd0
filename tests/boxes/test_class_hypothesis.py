from pathlib import Path

import numpy as np
import pytest

from tfwsol.boxes import CellGrid, class_hypothesis_maps

GOLDEN = Path(__file__).parents[1] / "golden" / "stnet" / "chmap_01.npz"


@pytest.mark.parametrize(("blur", "name"), [(False, "map"), (True, "blurred")])
def test_published(blur, name):
    with np.load(GOLDEN) as golden:
        arrays = dict(golden)
    stride, start, receptive_field, side = arrays["stride_start_rf_img"].tolist()
    grid = CellGrid(None, receptive_field, stride, 0, start)
    maps = arrays["g"].sum(axis=0)[None]
    found = class_hypothesis_maps(maps, (grid, grid), (side, side), blur=blur)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], arrays[name], rtol=1e-4, atol=1e-5)
    if blur:
        limits = 0.4 * found.min(), 0.8 * found.max()
        np.testing.assert_allclose(limits, arrays["vmin_vmax"], rtol=1e-4, atol=1e-5)


def test_by_hand():
    maps = np.zeros((1, 2, 3))
    maps[0, 0, 0], maps[0, 1, 2], maps[0, 1, 1] = 1, 3, 0.1  # the last one is below the mean
    rows, columns = CellGrid(2, 3, 2, 0, 0), CellGrid(3, 2, 2, 0, 1)
    found = class_hypothesis_maps(maps, (rows, columns), (4, 6), threshold=0.5, blur=False)
    wanted = np.zeros((4, 6))
    wanted[0:2, 0:2] += 1
    wanted[1:4, 4:6] += 3
    np.testing.assert_allclose(found[0], wanted)


def test_wrong_shapes():
    with pytest.raises(ValueError, match="batch × rows × columns"):
        class_hypothesis_maps(np.zeros((2, 2)), (CellGrid(2), CellGrid(2)), (4, 4))
