"""What holds for the gates of every layer, and the operations against their twins."""

import os
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfwsol.ops import conv_gating, dense_gating, pool_gating

LEAST, SLACK = 3e-4, 2e-4
FEW = 40
few = settings(
    max_examples=FEW,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def windows(size, padding, reach, stride, cut):
    room = size + padding - reach + (stride - 1 if cut else 0)
    return max(0, room // stride + 1)


def sparse_gates(rng, shape):
    return (rng.random(shape) * (rng.random(shape) < rng.choice([0.1, 0.5, 1]))).astype(np.float32)


@st.composite
def window_layers(draw, pool=False):
    """The arguments of a convolution or pool over random numbers."""
    sides = st.integers(1, 4)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, strides = [draw(sides) for _ in "hw"], [draw(sides) for _ in "hw"]
    padding = [[draw(st.integers(0, 2)) for _ in range(2)] for _ in "hw"]
    dilation = [1 if pool else draw(st.integers(1, 2)) for _ in "hw"]
    groups = draw(st.integers(1, 3))
    channels = groups * draw(st.integers(1, 4))
    outputs = channels if pool else groups * draw(st.integers(1, 3))
    batch = draw(st.sampled_from([2, 1, 3, 0]))
    height, width = draw(st.integers(3, 10)), draw(st.integers(2, 10))
    cut = draw(st.booleans())
    grid = [
        windows(side, sum(pads), (k - 1) * d + 1, stride, cut)
        for side, pads, k, d, stride in zip(
            (height, width), padding, size, dilation, strides, strict=True
        )
    ]
    x = rng.normal(size=(batch, height, width, channels))
    if draw(st.booleans()):
        x = np.maximum(x, 0)
    kernel = rng.normal(size=(*size, channels // groups, outputs))
    if draw(st.booleans()):
        kernel = np.abs(kernel)  # no negative product: theta is the smallest positive one
    gates = sparse_gates(rng, (batch, *grid, outputs))
    layer = {"strides": strides, "padding": padding}
    if pool:
        return x.astype(np.float32), gates, {**layer, "pool_size": size}
    layer |= {"groups": groups, "dilation": dilation}
    return x.astype(np.float32), kernel.astype(np.float32), gates, layer


def products_of(x, kernel, layer, unit):
    """The products of one unit by their definition: a dictionary of (row, column, channel)."""
    image, y, column, output = unit
    height, width, depth, outputs = kernel.shape
    first = output // (outputs // layer["groups"]) * depth
    found = {}
    for i, j, c in np.ndindex(height, width, depth):
        r = y * layer["strides"][0] - layer["padding"][0][0] + i * layer["dilation"][0]
        s = column * layer["strides"][1] - layer["padding"][1][0] + j * layer["dilation"][1]
        if 0 <= r < x.shape[1] and 0 <= s < x.shape[2]:
            found[r, s, first + c] = x[image, r, s, first + c] * kernel[i, j, c, output]
    return found


def theta_by_sorting(products, least=LEAST):
    values = np.sort(np.array(list(products), np.float32))
    if values.sum(dtype=np.float64) <= least:
        return -1000.0
    return values[np.argmax(np.cumsum(values, dtype=np.float64) > 0)]


@pytest.mark.usefixtures("both_ways")
@few
@given(layer=window_layers())
def test_theta_is_where_the_rising_sum_passes_zero(layer):
    x, kernel, gates, options = layer
    _, theta = conv_gating(x, kernel, gates, **options, return_theta=True)
    theta = np.array(theta)
    assert not theta[gates == 0].any()
    for unit in np.argwhere(gates)[:20]:
        wanted = theta_by_sorting(products_of(x, kernel, options, unit).values())
        assert theta[tuple(unit)] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.usefixtures("both_ways")
@few
@given(layer=window_layers())
def test_a_convolution_s_mass_stays_where_products_are_positive(layer):
    x, kernel, gates, options = layer
    below, theta = conv_gating(x, kernel, gates, **options, return_theta=True)
    below, theta = np.array(below), np.array(theta)
    assert np.isfinite(below).all()
    kept = np.where(theta > 0, gates, 0)
    # Random products tie with no probability, so every kept gate goes to one channel.
    np.testing.assert_allclose(below.sum((1, 2, 3)), kept.sum((1, 2, 3)), rtol=1e-4, atol=1e-6)
    allowed = np.zeros(x.shape, bool)
    for unit in np.argwhere(gates):
        for place, product in products_of(x, kernel, options, unit).items():
            allowed[(unit[0], *place)] |= product > 0
    assert not below[~allowed].any()


@pytest.mark.usefixtures("both_ways")
@few
@given(layer=window_layers())
def test_a_unit_gives_to_connected_cells_of_one_channel(layer):
    x, kernel, gates, options = layer
    for unit in np.argwhere(gates)[:3]:
        alone = np.zeros_like(gates)
        alone[tuple(unit)] = 1
        below, _, hits = conv_gating(x, kernel, alone, **options, return_kernel_gates=True)
        places = np.argwhere(hits)
        assert len({(channel, output) for *_, channel, output in places.tolist()}) <= 1
        assert hangs_together({(i, j) for i, j, *_ in places.tolist()})
        assert np.count_nonzero(below) == len(places)
        assert (np.array(below) >= 0).all()


def hangs_together(places):
    open_ends = list(places)[:1]
    left = places - set(open_ends)
    while open_ends:
        i, j = open_ends.pop()
        near = {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)} & left
        left -= near
        open_ends += near
    return not left


@pytest.mark.usefixtures("both_ways")
@few
@given(layer=window_layers(), seed=st.integers(0, 99))
def test_the_order_of_the_batch_does_not_matter(layer, seed):
    x, kernel, gates, options = layer
    order = np.random.default_rng(seed).permutation(len(x))
    below = np.array(conv_gating(x, kernel, gates, **options))
    again = conv_gating(x[order], kernel, gates[order], **options)
    np.testing.assert_array_equal(again, below[order])


@pytest.mark.usefixtures("both_ways")
@few
@given(layer=window_layers(), where=st.sampled_from(["before", "behind"]))
def test_channels_of_zeros_change_nothing(layer, where):
    x, kernel, gates, options = layer
    if options["groups"] > 1:
        x, kernel, gates = x[..., : kernel.shape[2]], kernel[..., :1], gates[..., :1]
        options = {**options, "groups": 1}
    below = np.array(conv_gating(x, kernel, gates, **options))
    pads = (3, 0) if where == "before" else (0, 3)
    wider = np.pad(x, [(0, 0)] * 3 + [pads])
    kernel = np.pad(kernel, [(0, 0), (0, 0), pads, (0, 0)], constant_values=0.7)
    again = np.array(conv_gating(wider, kernel, gates, **options))
    inner = slice(3, None) if where == "before" else slice(0, x.shape[-1])
    np.testing.assert_allclose(again[..., inner], below, rtol=1e-5, atol=1e-7)
    assert again.sum() == pytest.approx(below.sum(), rel=1e-5)


@pytest.mark.usefixtures("both_ways")
@few
@given(layer=window_layers(pool=True))
def test_a_pool_gives_to_its_largest_place(layer):
    x, gates, options = layer
    below = np.array(pool_gating(x, gates, **options))
    wanted = np.zeros_like(x)
    for image, y, column, channel in np.argwhere(gates):
        top = y * options["strides"][0] - options["padding"][0][0]
        left = column * options["strides"][1] - options["padding"][1][0]
        rows = slice(max(0, top), max(0, top + options["pool_size"][0]))
        columns = slice(max(0, left), max(0, left + options["pool_size"][1]))
        window = x[image, rows, columns, channel]
        if window.size:
            r, s = np.unravel_index(window.argmax(), window.shape)
            place = image, rows.start + r, columns.start + s, channel
            wanted[place] += gates[image, y, column, channel]
    np.testing.assert_allclose(below, wanted, rtol=1e-5)


@st.composite
def dense_layers(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    batch, inputs, outputs = (draw(st.integers(low, 40)) for low in (0, 1, 0))
    x = rng.normal(size=(batch, inputs)) * draw(st.sampled_from([1, 1e-2, 1e-4]))
    if draw(st.booleans()):
        x = np.maximum(x, 0)
    kernel = rng.normal(size=(inputs, outputs))
    gates = sparse_gates(rng, (batch, outputs))
    options = {
        "mode": draw(st.sampled_from(["1", "ALL", "699"])),
        "offset": draw(st.integers(0, 7)),
    }
    return x.astype(np.float32), kernel.astype(np.float32), gates, options


@pytest.mark.usefixtures("both_ways")
@few
@given(layer=dense_layers())
def test_a_dense_layer_s_mass_stays_where_products_are_positive(layer):
    x, kernel, gates, options = layer
    below, theta = dense_gating(x, kernel, gates, **options, return_theta=True)
    below, theta = np.array(below), np.array(theta)
    assert np.isfinite(below).all()
    kept = np.where(theta > 0, gates, 0)
    np.testing.assert_allclose(below.sum(1), kept.sum(1), rtol=1e-4, atol=1e-6)
    for image, output in np.argwhere(gates):
        products = x[image] * kernel[:, output]
        wanted = theta_by_sorting(products, 1e-5)
        assert theta[image, output] == pytest.approx(wanted, abs=1e-7)
    allowed = ((x[:, :, None] * kernel > 0) & (gates[:, None] > 0)).any(axis=2)
    assert not below[~allowed].any()


def through(way, function, *arguments, **options):
    with mock.patch.dict(os.environ, {"TFWSOL_CUSTOM_OPS": {"twin": "off"}.get(way, "require")}):
        return [np.array(value) for value in function(*arguments, **options)]


EVERYTHING = {"return_theta": True, "return_kernel_gates": True}


@pytest.mark.usefixtures("compiled_ops")
@few
@given(
    layer=window_layers(),
    literal=st.booleans(),
    scale=st.sampled_from([1, 1e-2, 1e-3]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_convolutions_agree_with_their_twin(layer, literal, scale, dtype):
    x, kernel, gates, options = layer
    arguments = [array.astype(dtype) for array in (x * scale, kernel, gates)]
    options |= EVERYTHING | {"literal": literal}
    found = through("compiled", conv_gating, *arguments, **options)
    wanted = through("twin", conv_gating, *arguments, **options)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("compiled_ops")
@few
@given(layer=dense_layers(), literal=st.booleans())
def test_dense_layers_agree_with_their_twin(layer, literal):
    x, kernel, gates, options = layer
    options |= EVERYTHING | {"literal": literal}
    found = through("compiled", dense_gating, x, kernel, gates, **options)
    wanted = through("twin", dense_gating, x, kernel, gates, **options)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("compiled_ops")
@few
@given(
    layer=window_layers(pool=True),
    mode=st.sampled_from(["1", "ALL", "699"]),
    offset=st.integers(0, 6),
)
def test_pools_agree_with_their_twin(layer, mode, offset):
    x, gates, options = layer
    options |= {"mode": mode, "offset": offset}
    found = through("compiled", lambda: [pool_gating(x, gates, **options)])
    wanted = through("twin", lambda: [pool_gating(x, gates, **options)])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("compiled_ops")
@few
@given(
    layer=window_layers(),
    pool=window_layers(pool=True),
    dtype=st.sampled_from([np.float32, np.float64]),
    turned=st.booleans(),
)
def test_listed_gates_give_the_same_to_the_last_bit(layer, pool, dtype, turned):
    (x, kernel, gates, options), (pooled, pool_gates, pool_options) = layer, pool
    arguments = x.astype(dtype), kernel.astype(dtype)
    wanted, theta = through(
        "compiled", conv_gating, *arguments, gates.astype(dtype), **options, return_theta=True
    )
    listed = tf.sparse.from_dense(gates.astype(dtype))
    below, thetas = conv_gating(*arguments, listed, **options, return_theta=True)
    np.testing.assert_array_equal(tf.sparse.to_dense(below), wanted)
    np.testing.assert_array_equal(thetas, theta[gates != 0])
    options = pool_options | {"mode": "ALL" if turned else "1"}
    wanted = pool_gating(pooled, pool_gates, **options)
    below = pool_gating(pooled, tf.sparse.from_dense(pool_gates), **options)
    np.testing.assert_array_equal(tf.sparse.to_dense(below), wanted)
