"""Top-down steps that can be followed on paper."""

import numpy as np
import pytest

from tfwsol.ops import bridge_gating, conv_gating, dense_gating, pool_gating

pytestmark = pytest.mark.usefixtures("both_ways")


def test_a_convolution_by_hand():
    # Products 3 2 0 1 in one row and -2 below: theta is 3 + 2 >= 4's last, 2; 3 and 2 touch.
    x = np.array([[[3, 2, 0, 1], [0, 0, 0, -2]]], np.float32)[..., None]
    kernel = np.ones((2, 4, 1, 1), np.float32)
    below, theta = conv_gating(x, kernel, [[[[10]]]], 1, 0, return_theta=True)
    np.testing.assert_allclose(np.squeeze(below), [[6, 4, 0, 0], [0, 0, 0, 0]])
    assert np.squeeze(theta) == 2


def test_area_counts_beside_energy():
    # 4 alone scores 0.2 · 4 + 0.8 = 1.6, three of 1 diagonally score 0.6 + 2.4.
    x = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [4, 0, 0, 0]], np.float32)
    below = conv_gating(x[None, ..., None], np.ones((4, 4, 1, 1)), [[[[3]]]], 1, 0)
    np.testing.assert_allclose(np.squeeze(below), np.eye(4) * [1, 1, 1, 0], rtol=1e-6)
    below = conv_gating(x[None, ..., None], np.ones((4, 4, 1, 1)), [[[[3]]]], 1, 0, alpha=1)
    assert np.flatnonzero(below).tolist() == [12]


def test_what_is_just_below_theta_is_selected():
    # Theta is 0.5001, just above half the largest product, where the op looks first.
    x = np.array([1, 0.5001, 0.49995, 0.4998, -1.29985], np.float32)[None, None, :, None]
    below, theta = conv_gating(x, np.ones((1, 5, 1, 1)), [[[[1]]]], 1, 0, return_theta=True)
    assert np.squeeze(theta) == np.float32(0.5001)
    assert np.flatnonzero(below).tolist() == [0, 1, 2]


def test_ties():
    # Of equal groups of a channel the later wins; of equal channels all do.
    x = np.zeros((1, 1, 5, 2), np.float32)
    x[0, 0, [0, 2, 4]] = 1
    below = conv_gating(x, np.ones((1, 5, 2, 1)), [[[[1]]]], 1, 0)
    np.testing.assert_array_equal(below[0, 0], [[0, 0]] * 4 + [[1, 1]])


def test_one_position_takes_the_largest_product_alone():
    x = np.array([1e-3, 1e-3 * (1 + 1e-6), 9e-4], np.float32)[None, None, None]
    below = conv_gating(x, np.ones((1, 1, 3, 1)), [[[[1]]]], 1, 0)
    assert np.ravel(below).tolist() == [0, 1, 0]


@pytest.mark.parametrize("side", [7, 8, 9, 20])
@pytest.mark.parametrize("turned", [False, True])
def test_wide_windows_find_winding_groups(side, turned):
    # One line that turns back at the border again and again, also upwards when turned.
    x = np.zeros((side, side), np.float32)
    x[::4] = 1
    x[2::8, -1] = x[1::8, -1] = x[3::8, -1] = 1
    x[5::8, 0] = x[6::8, 0] = x[7::8, 0] = 1
    x = x.T.copy() if turned else x
    below = conv_gating(x[None, ..., None], np.ones((side, side, 1, 1)), [[[[1]]]], 1, 0)
    group = np.squeeze(below) > 0
    np.testing.assert_array_equal(group, x > 0)


def test_ceil_mode_windows_are_cut_at_the_border():
    x = np.arange(25, dtype=np.float32).reshape(1, 5, 5, 1)
    gates = np.ones((1, 3, 3, 1), np.float32)
    below = np.squeeze(pool_gating(x, gates, 2, 2, 0))
    places = np.flatnonzero(below).tolist()
    assert places == [6, 8, 9, 16, 18, 19, 21, 23, 24]
    floor = np.squeeze(pool_gating(x, gates[:, :2, :2], 2, 2, 0))
    assert np.flatnonzero(floor).tolist() == [6, 8, 16, 18]


def test_an_all_negative_window_gives_to_its_first_largest():
    x = np.full((1, 2, 2, 1), -3, np.float32)
    x[0, 0, 1], x[0, 1, 1] = -1, -1
    below = np.squeeze(pool_gating(x, [[[[1.0]]]], 4, 1, 1))
    np.testing.assert_array_equal(below, [[0, 1], [0, 0]])
    for mode in ("ALL", "699"):
        assert not np.any(pool_gating(x, [[[[1.0]]]], 4, 1, 1, mode=mode))


def test_a_bridge_keeps_the_class_s_mass():
    gates = np.random.default_rng(1).random((3, 50), np.float32)
    start = np.array([1, 0.5, 2], np.float32)
    np.testing.assert_allclose(np.sum(bridge_gating(gates, start), axis=1), start, rtol=1e-5)
    np.testing.assert_array_equal(bridge_gating(gates, start, mode="ALL"), gates)
    assert not np.any(bridge_gating(gates * 0, start))


def dense(products, **options):
    """The shares of the gate 1 of one unit whose weights are all 1."""
    x = np.array([products], np.float32)
    kernel = np.ones((x.shape[1], 1), np.float32)
    below = dense_gating(x, kernel, np.ones((1, 1), np.float32), **options)
    return np.ravel(below).tolist()


def test_a_dense_layer_by_hand():
    # The running sum of -5 0 1 2 3 passes zero at 3, that of -3 0 1 3 4 at the other 3.
    assert dense([3, 1, -5, 2, 0], mode="1") == [1, 0, 0, 0, 0]
    assert dense([3, 1, -5, 2, 0], mode="ALL") == [1, 0, 0, 0, 0]
    assert dense([4, 1, -3, 3, 0], mode="1") == [1, 0, 0, 0, 0]
    assert dense([4, 1, -3, 3, 0], mode="ALL") == pytest.approx([4 / 7, 0, 0, 3 / 7, 0])


def test_the_policy_table_by_hand():
    # Mean 4, deviation 2: 6 reaches mean + deviation, which is row 2.
    products = [2, 6]
    kept = [dense(products, offset=offset) for offset in range(5)]
    assert kept[0] == kept[1] == [0, 1]
    assert kept[2] == [0.25, 0.75]  # from half the mean on
    assert kept[3] == kept[4] == [0.25, 0.75]
