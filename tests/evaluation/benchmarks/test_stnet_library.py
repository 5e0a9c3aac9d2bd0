from shutil import which

import numpy as np
import pytest

from tfwsol.evaluation.benchmarks.stnet_layers import GatedLayer
from tfwsol.evaluation.benchmarks.stnet_library import SortingLibrary

if not any(map(which, ("g++", "clang++", "c++"))):
    pytest.skip("no C++ compiler on the PATH", allow_module_level=True)

DENSE = [1, 1, 1, 5, 1, 1, 2, 1, 1, 1, 1, 0, 0, 1, 1, 1]


@pytest.fixture(scope="module")
def library():
    return SortingLibrary()


@pytest.mark.parametrize("by_sorting", [True, False])
def test_theta_by_hand(library, by_sorting):
    # -3, 0, 1, 2, 4 pass zero at 4; the others sum to nothing positive.
    x, kernel = np.ones((1, 1, 1, 5), np.float32), np.float32([[4, -3, 1, 0, 2], [1, -1, 0, 0, 0]])
    layer = GatedLayer("dense", np.int64(DENSE), x, kernel, np.arange(2), 2, 1e-5)
    assert library.thetas(layer, np.arange(2), by_sorting).tolist() == [4, -1000]
    assert library.thetas(layer, np.array([1]), by_sorting).tolist() == [-1000]


def test_both_ways_agree_on_convolutions_and_on_their_products(library):
    random = np.random.default_rng(2)
    x = np.maximum(random.standard_normal((2, 7, 9, 8), np.float32), 0)
    kernel = random.standard_normal((6, 3, 2, 4), np.float32) + np.float32(0.2)
    geometry = np.int64([2, 7, 9, 8, 4, 5, 6, 3, 2, 2, 2, 1, 0, 1, 1, 2])
    layer = GatedLayer("conv", geometry, x, kernel, np.arange(240), 240, 3e-4)
    by_sorting = library.thetas(layer, layer.gated, True)
    assert 40 < (by_sorting > 0).sum() < 240
    np.testing.assert_array_equal(library.thetas(layer, layer.gated, False), by_sorting)
    products = library.products(layer, layer.gated)
    assert products.kernel.shape == (240, 24)
    np.testing.assert_array_equal(library.thetas(products, products.gated, True), by_sorting)
    np.testing.assert_array_equal(library.thetas(products, products.gated, False), by_sorting)
    # Unit 7 is that of output channel 1, of the first group, one window to the right.
    window = np.zeros((3, 2, 4), np.float32)
    window[1:] = x[0, :2, 2:4, :4]
    np.testing.assert_allclose(products.kernel[7], (window * kernel[1]).ravel(), rtol=1e-6)
