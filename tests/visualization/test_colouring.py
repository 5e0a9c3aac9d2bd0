"""Colour tables and their blend."""

import matplotlib
import numpy as np
import pytest

from tfwsol.visualization.colouring import blend, colour, colour_table, require_picture


def test_bwr_is_blue_white_red():
    table = colour_table("bwr")
    assert table.shape == (256, 3)
    np.testing.assert_allclose(colour(np.array([0.0, 1.0]), table), [[0, 0, 255], [255, 0, 0]])
    np.testing.assert_allclose(colour(np.array(0.5), table), [255] * 3, atol=1)


@pytest.mark.parametrize("name", ["bwr", "viridis", "tab10"])
def test_colours_equal_matplotlibs(name):
    values = np.linspace(0, 1, 777, dtype=np.float32)
    expected = 255 * matplotlib.colormaps[name](values)[:, :3]
    np.testing.assert_allclose(colour(values, colour_table(name)), expected, atol=1e-4)
    np.testing.assert_array_equal(colour_table(matplotlib.colormaps[name]), colour_table(name))


def test_wrong_name_lists_near_misses():
    with pytest.raises(ValueError, match=r"no colormap 'virids'; did you mean viridis"):
        colour_table("virids")
    with pytest.raises(ValueError, match="try bwr"):
        colour_table("qqqqqqqq")


def test_blend_by_hand():
    image = np.array([[[100, 0, 255]]], np.uint8)
    mixed = blend(image, np.array([[[200, 255, 0]]], np.float32), 0.6)
    np.testing.assert_array_equal(mixed, [[[160, 153, 102]]])
    np.testing.assert_array_equal(blend(image, np.zeros((1, 1, 3)), 0), image)
    with pytest.raises(ValueError, match="between 0"):
        blend(image, np.zeros((1, 1, 3)), 1.5)


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 0, 3), np.uint8)]
)
def test_only_8_bit_rgb_is_a_picture(array):
    with pytest.raises(ValueError, match="height × width × 3 in uint8, got"):
        require_picture(array)
