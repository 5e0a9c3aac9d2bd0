"""The code that runs on the GPU against the operation on the CPU, to the last bit."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfwsol.custom_ops.top_down_gating.device_library import MODES, ORDERS, Window
from tfwsol.ops import conv_gating, dense_gating, pack_kernel, pool_gating

pytestmark = pytest.mark.usefixtures("compiled_ops")
EVERYTHING = {"return_theta": True, "return_kernel_gates": True}
few = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def compiled_ops():
    """The operation itself, not its twin."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFWSOL_CUSTOM_OPS", "require")
        yield


def numbers(rng, shape, steps, zeros=0.0):
    """Normal ones, or many equal ones, which add up to ties."""
    values = rng.normal(size=shape)
    values = np.round(2 * values) / 2 if steps else values
    return (values * (rng.random(shape) >= zeros)).astype(np.float32)


def windows(size, pads, reach, stride, cut):
    room = size + sum(pads) - reach + (stride - 1 if cut else 0)
    return max(0, room // stride + 1)


@st.composite
def window_layers(draw, pool=False):
    """Arrays of a layer, and how its windows lie for both sides."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    wide = draw(st.integers(0, 5)) == 0
    size = [draw(st.integers(1, 12 if wide else 4)) for _ in "hw"]
    strides = [draw(st.integers(1, 3)) for _ in "hw"]
    padding = [[draw(st.integers(0, 2)) for _ in range(2)] for _ in "hw"]
    dilation = [1 if pool else draw(st.integers(1, 2)) for _ in "hw"]
    groups = draw(st.integers(1, 3))
    channels = groups * draw(st.sampled_from([1, 2, 5, 40]))
    outputs = channels if pool else groups * draw(st.integers(1, 3))
    batch, height, width = (
        draw(st.integers(least, most)) for least, most in ((0, 3), (1, 20), (1, 20))
    )
    cut = draw(st.booleans())
    grid = [
        windows(side, pads, (k - 1) * d + 1, stride, cut)
        for side, pads, k, d, stride in zip(
            (height, width), padding, size, dilation, strides, strict=True
        )
    ]
    x = numbers(rng, (batch, height, width, channels), draw(st.booleans()), 0.3)
    x *= np.float32(draw(st.sampled_from([1, 1, 1e-2, 1e-3])))
    kernel = numbers(rng, (*size, channels // groups, outputs), draw(st.booleans()))
    if draw(st.booleans()):
        x = np.maximum(x, 0)
    if draw(st.integers(0, 4)) == 0:
        kernel = np.abs(kernel)
    gates = numbers(rng, (batch, *grid, outputs), False, draw(st.sampled_from([0.0, 0.5, 0.95])))
    window = Window(
        tuple(strides), tuple(pads[0] for pads in padding), tuple(dilation), 1 if pool else groups
    )
    options = {"strides": strides, "padding": padding}
    if pool:
        return x, gates, tuple(size), window, {**options, "pool_size": size}
    return x, kernel, gates, window, {**options, "dilation": dilation, "groups": groups}


def same(step, outputs):
    for name, found, wanted in zip(
        ("below", "theta", "kernel_gates", "kernel_hits"), step, outputs, strict=True
    ):
        np.testing.assert_array_equal(found, wanted, err_msg=name)


def arrays_of(step):
    return [step.below, step.theta, step.kernel_gates, step.kernel_hits]


@few
@given(layer=window_layers(), literal=st.booleans(), alpha=st.sampled_from([0.2, 0.2, 0.0, 1.0]))
def test_convolutions(emulated, layer, literal, alpha):
    x, kernel, gates, window, options = layer
    wanted = conv_gating(x, kernel, gates, **options, literal=literal, alpha=alpha, **EVERYTHING)
    found = emulated.conv(x, kernel, gates, window, literal=literal, alpha=alpha)
    same(arrays_of(found), wanted)


@few
@given(layer=window_layers(pool=True), mode=st.sampled_from(MODES), offset=st.integers(0, 6))
def test_pools(emulated, layer, mode, offset):
    x, gates, size, window, options = layer
    wanted = pool_gating(x, gates, **options, mode=mode, offset=offset)
    found = emulated.pool(x, gates, size, window, mode=mode, offset=offset)
    np.testing.assert_array_equal(found.below, wanted)


@few
@given(
    seed=st.integers(0, 2**32),
    shape=st.tuples(st.integers(0, 3), st.integers(1, 700), st.integers(1, 20)),
    steps=st.booleans(),
    mode=st.sampled_from(MODES),
    offset=st.integers(0, 7),
    literal=st.booleans(),
)
def test_dense_layers(emulated, seed, shape, steps, mode, offset, literal):
    rng = np.random.default_rng(seed)
    batch, inputs, outputs = shape
    x = numbers(rng, (batch, inputs), steps, 0.4) * np.float32(rng.choice([1, 1e-2, 1e-4]))
    kernel, gates = (
        numbers(rng, (inputs, outputs), steps),
        numbers(rng, (batch, outputs), False, 0.5),
    )
    settings = {"mode": mode, "offset": offset, "literal": literal}
    wanted = dense_gating(x, kernel, gates, **settings, **EVERYTHING)
    same(arrays_of(emulated.dense(x, kernel, gates, **settings)), wanted)


def long_unit(rng, inputs, negative):
    """One unit whose theta is far down among its products, where only the radix rounds lead."""
    products = rng.uniform(0.1, 1.0, inputs)
    products[: int(inputs * negative)] *= -1
    return rng.permutation(products).astype(np.float32)[None]


@pytest.mark.parametrize("inputs", [600, 3000, 9000, 30_000])
@pytest.mark.parametrize("negative", [0.001, 0.05, 0.2, 0.4])
def test_many_products_near_each_other(emulated, inputs, negative):
    # From 9000 on they do not fit into the shared memory of the emulated device.
    x = long_unit(np.random.default_rng(inputs), inputs, negative)
    ones, gate = np.ones((inputs, 1), np.float32), np.full((1, 1), 2, np.float32)
    wanted = dense_gating(x, ones, gate, "ALL", **EVERYTHING)
    found = emulated.dense(x, ones, gate, mode="ALL")
    np.testing.assert_array_equal(found.theta, wanted[1])
    ascending = np.sort(x[0])
    assert found.theta == ascending[np.argmax(np.cumsum(ascending, dtype=np.float64) > 0)]
    np.testing.assert_allclose(found.below, wanted[0], rtol=1e-6)


@pytest.mark.parametrize("value", [1.0, 1e-3])
def test_many_equal_products(emulated, value):
    x = np.full((1, 5000), value, np.float32)
    x[0, :100] *= -1
    ones, gate = np.ones((5000, 1), np.float32), np.ones((1, 1), np.float32)
    found = emulated.dense(x, ones, gate, mode="ALL")
    assert found.theta == np.float32(value)
    assert np.count_nonzero(found.below) == 4900


@pytest.mark.parametrize("side", [15, 16, 40])
@pytest.mark.parametrize("channels", [1, 3])
def test_windows_whose_masks_are_long(emulated, side, channels):
    rng = np.random.default_rng(side)
    x = np.maximum(numbers(rng, (2, side + 3, side + 2, channels), False), 0)
    kernel = numbers(rng, (side, side, channels, 2), False) + np.float32(0.3)
    gates = numbers(rng, (2, 4, 3, 2), False)
    wanted = conv_gating(x, kernel, gates, 1, 0, literal=True, **EVERYTHING)
    same(arrays_of(emulated.conv(x, kernel, gates, literal=True)), wanted)


def test_long_masks_of_equal_channels(emulated):
    x = np.zeros((1, 20, 20, 70), np.float32)
    x[:, 3:9, 4:11] = x[:, 15:, 15:] = 1
    wanted = conv_gating(x, np.ones((20, 20, 70, 1)), [[[[1]]]], 1, 0, **EVERYTHING)
    assert np.sum(wanted[0]) == pytest.approx(70)
    same(arrays_of(emulated.conv(x, np.ones((20, 20, 70, 1)), np.ones((1, 1, 1, 1)))), wanted)


def test_a_packed_kernel(emulated):
    rng = np.random.default_rng(1)
    x, kernel = numbers(rng, (2, 7, 6, 8), False), numbers(rng, (3, 3, 4, 6), False)
    gates, window = numbers(rng, (2, 5, 4, 6), False, 0.5), Window(groups=2)
    plain = emulated.conv(x, kernel, gates, window)
    packed = emulated.conv(x, pack_kernel(kernel).numpy(), gates, window, packed=True)
    np.testing.assert_array_equal(packed.below, plain.below)
    np.testing.assert_array_equal(packed.theta, plain.theta)
    np.testing.assert_array_equal(packed.kernel_gates, pack_kernel(plain.kernel_gates))
    np.testing.assert_array_equal(packed.kernel_hits, pack_kernel(plain.kernel_hits))


def test_a_batch_beyond_the_memory_for_it(emulated):
    # The emulated device has 64 KiB for the records of units, of which these have 28 bytes each.
    rng = np.random.default_rng(2)
    x, kernel = numbers(rng, (5, 12, 12, 3), False), numbers(rng, (2, 2, 3, 4), False)
    gates = numbers(rng, (5, 11, 11, 4), False, 0.8)
    wanted = conv_gating(x, kernel, gates, 1, 0, **EVERYTHING)
    same(arrays_of(emulated.conv(x, kernel, gates)), wanted)
    wanted = pool_gating(np.repeat(x, 4, 3), np.repeat(gates[:, :10], 3, 3), (3, 2), 1, 0)
    found = emulated.pool(np.repeat(x, 4, 3), np.repeat(gates[:, :10], 3, 3), (3, 2), Window())
    np.testing.assert_array_equal(found.below, wanted)


@pytest.mark.parametrize("order", ORDERS[1:])
def test_the_order_of_threads_changes_nothing(emulated, order):
    rng = np.random.default_rng(3)
    conv = numbers(rng, (2, 9, 9, 70), True, 0.3), numbers(rng, (3, 3, 70, 9), True)
    gates = numbers(rng, (2, 7, 7, 9), False, 0.8)
    dense = long_unit(rng, 5000, 0.3), np.ones((5000, 1)), np.ones((1, 1))
    wanted = arrays_of(emulated.conv(*conv, gates)) + arrays_of(emulated.dense(*dense))
    emulated.emulate_in_order(order)
    try:
        found = arrays_of(emulated.conv(*conv, gates)) + arrays_of(emulated.dense(*dense))
    finally:
        emulated.emulate_in_order(ORDERS[0])
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
