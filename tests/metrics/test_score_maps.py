import numpy as np
import pytest

from tfwsol.metrics.score_maps import checked_maps, threshold_grid


@pytest.mark.parametrize("step", [0.001, 0.01, 0.3, 1.0])
def test_the_grid_is_numpys(step):
    np.testing.assert_array_equal(threshold_grid(step), np.arange(0, 1, step))


def test_maps_are_not_changed():
    maps = np.random.default_rng(0).uniform(size=(2, 3, 4))
    assert checked_maps(maps) is maps


@pytest.mark.parametrize("shape", [(3,), (3, 4), (1, 2, 3, 4), (2, 0, 3)])
def test_ranks(shape):
    with pytest.raises(ValueError, match="batch × height × width"):
        checked_maps(np.zeros(shape))


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, bool, np.int64])
def test_types(dtype):
    with pytest.raises(TypeError, match="Score maps are float64"):
        checked_maps(np.zeros((1, 2, 2), dtype))
