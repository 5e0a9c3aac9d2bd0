"""What the gating operations take, refuse and give back."""

import numpy as np
import pytest
import tensorflow as tf

from tfwsol.ops import conv_gating, dense_gating, pack_kernel, pool_gating

X = np.ones((2, 5, 6, 4), np.float32)
KERNEL = np.ones((3, 3, 4, 2), np.float32)
GATES = np.ones((2, 3, 4, 2), np.float32)
POOL_GATES = np.ones((2, 2, 3, 4), np.float32)
MATRIX = np.ones((2, 7), np.float32)
WEIGHTS = np.ones((7, 3), np.float32)
ABOVE = np.ones((2, 3), np.float32)
INVALID = tf.errors.InvalidArgumentError
both_ways = pytest.mark.usefixtures("both_ways")


def spoilt(array, value=np.nan):
    array = array.copy()
    array.flat[-1] = value
    return array


def call_conv(x=X, kernel=KERNEL, gates=GATES, strides=1, padding=0, **options):
    return conv_gating(x, kernel, gates, strides, padding, **options)


def call_pool(x=X, gates=POOL_GATES, pool_size=2, strides=2, padding=0, **options):
    return pool_gating(x, gates, pool_size, strides, padding, **options)


def call_dense(x=MATRIX, kernel=WEIGHTS, gates=ABOVE, **options):
    return dense_gating(x, kernel, gates, **options)


@both_ways
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": X[0]}, r"x is batch × height × width × channels; got \[5,6,4\]"),
        ({"kernel": KERNEL[0]}, r"kernel is height × width .* output channels; got \[3,4,2\]"),
        ({"gates": GATES[0, 0, 0, 0]}, r"gates is batch × .* channels; got \[\]"),
        ({"kernel": KERNEL[:0]}, r"kernel has 1 to 2\^31 weights .* got \[0,3,4,2\]"),
        ({"kernel": KERNEL[:, :, :3]}, r"kernel does not fit 4 channels of x .* got \[3,3,3,2\]"),
        ({"groups": 3}, r"kernel does not fit 4 channels of x in groups \(groups = 3\)"),
        ({"gates": GATES[:1]}, r"gates is the layer's output, \[2,3,4,2\]; got \[1,3,4,2\]"),
        ({"gates": GATES[:, :2]}, r"gates is the layer's output, \[2,3,4,2\]; got \[2,2,4,2\]"),
        ({"gates": GATES[..., :1]}, r"gates is the layer's output, \[2,3,4,2\]"),
        ({"strides": 4}, r"gates is the layer's output, \[2,1 or 2,1 or 2,2\]"),
        ({"kernel": np.ones((9, 1, 4, 2))}, r"gates is the layer's output, \[2,0,6,2\]"),
        ({"strides": (0, 1)}, r"strides is 2 integers from 1 on; got \[0,1\]"),
        ({"strides": 2**40}, r"strides is 2 integers from 1 on"),
        ({"padding": -1}, r"padding is 4 integers from 0 on; got \[-1,-1,-1,-1\]"),
        ({"dilation": 0}, r"dilation is 2 integers from 1 on; got \[0,0\]"),
        ({"groups": 0}, r"groups is 1 integers from 1 on; got \[0\]"),
        ({"x": spoilt(X)}, "x is not finite everywhere"),
        ({"x": spoilt(X, np.inf)}, "x is not finite everywhere"),
        ({"gates": spoilt(GATES)}, "gates is not finite everywhere"),
        ({"kernel": spoilt(KERNEL)}, "kernel is not finite where units are gated"),
        ({"kernel": spoilt(KERNEL, -np.inf)}, "kernel is not finite where units are gated"),
    ],
)
def test_a_convolution_names_what_does_not_fit(changed, message):
    with pytest.raises(INVALID, match=message):
        call_conv(**changed)


@both_ways
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": X[0]}, "x is batch × height × width × channels"),
        ({"gates": POOL_GATES[..., :3]}, r"gates is the layer's output, \[2,2 or 3,3,4\]"),
        ({"pool_size": 0}, r"pool_size is 2 integers from 1 on; got \[0,0\]"),
        ({"pool_size": 2**13}, r"pool_size has at most 2\^24 places; got \[8192,8192\]"),
        ({"pool_size": (9, 1)}, r"gates is the layer's output, \[2,0,3 or 4,4\]"),
        ({"strides": 0}, "strides is 2 integers from 1 on"),
        ({"padding": ((0, 0), (0, -1))}, r"padding is 4 integers from 0 on; got \[0,0,0,-1\]"),
        ({"x": spoilt(X)}, "x is not finite everywhere"),
        ({"gates": spoilt(POOL_GATES)}, "gates is not finite everywhere"),
    ],
)
def test_a_pool_names_what_does_not_fit(changed, message):
    with pytest.raises(INVALID, match=message):
        call_pool(**changed)


@both_ways
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x": MATRIX[0]}, r"x is batch × inputs.*; got \[7\]"),
        ({"kernel": WEIGHTS[0, 0]}, r"kernel is inputs × outputs; got \[\]"),
        ({"kernel": WEIGHTS[0]}, r"kernel is inputs × outputs; got \[3\]"),
        ({"kernel": WEIGHTS[:6]}, r"kernel has one weight per input of x, which is \[2,7\]; got"),
        ({"kernel": WEIGHTS[:0], "x": MATRIX[:, :0]}, r"kernel has 1 to 2\^31 inputs; got"),
        ({"gates": ABOVE[:1]}, r"gates is the layer's output, \[2,3\]; got \[1,3\]"),
        ({"gates": ABOVE[:, :2]}, r"gates is the layer's output, \[2,3\]; got \[2,2\]"),
        ({"x": spoilt(MATRIX)}, "x is not finite everywhere"),
        ({"kernel": spoilt(WEIGHTS)}, "kernel is not finite where units are gated"),
        ({"gates": spoilt(ABOVE, np.inf)}, "gates is not finite everywhere"),
    ],
)
def test_a_dense_layer_names_what_does_not_fit(changed, message):
    with pytest.raises(INVALID, match=message):
        call_dense(**changed)


@both_ways
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: call_conv(x=X.astype(int)), "x is float32 or float64; got int64"),
        (lambda: call_conv(kernel=tf.cast(KERNEL, tf.float64)), "kernel is float32 as x is"),
        (lambda: call_conv(padding="same"), r"padding is an integer for every side or \(\(top"),
        (lambda: call_conv(padding=((1, 1), (1,))), "padding is an integer for every side"),
        (lambda: call_conv(strides=1.5), "strides is an integer or one for height and width"),
        (lambda: call_pool(pool_size=(2, 2, 2)), "pool_size is an integer or one for height"),
        (lambda: call_dense(mode="all"), "mode is one of 1, ALL, 699; got 'all'"),
        (lambda: call_pool(mode="max"), "mode is one of 1, ALL, 699; got 'max'"),
        (lambda: call_dense(offset=-1), "offset is the number of rows to go on, 0 or more"),
    ],
)
def test_another_type_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@both_ways
def test_what_is_not_gated_may_be_anything():
    kernel = KERNEL.copy()
    kernel[..., 1] = np.nan
    gates = GATES * [1, 0]
    assert np.isfinite(call_conv(kernel=kernel, gates=gates)).all()


@both_ways
def test_nothing_in_gives_nothing():
    below, theta = call_conv(x=X[:0], gates=GATES[:0], return_theta=True)
    assert below.shape == (0, 5, 6, 4)
    assert theta.shape == (0, 3, 4, 2)
    assert call_pool(x=X[:0], gates=POOL_GATES[:0]).shape == (0, 5, 6, 4)
    assert call_dense(x=MATRIX[:0], gates=ABOVE[:0]).shape == (0, 7)
    assert call_conv(kernel=KERNEL[..., :0], gates=GATES[..., :0]).shape == X.shape
    assert not np.any(call_conv(gates=GATES * 0))
    assert not np.any(call_conv(x=X * 0))
    none = np.zeros((2, 0, 4, 2), np.float32)
    assert not np.any(call_conv(x=X[:, :2], gates=none))


@both_ways
def test_a_tuple_only_when_more_is_asked_for():
    assert call_conv().shape == X.shape
    assert [value.shape for value in call_conv(return_theta=True)] == [X.shape, GATES.shape]
    asked = call_conv(return_kernel_gates=True)
    assert [value.shape for value in asked] == [X.shape, KERNEL.shape, KERNEL.shape]
    assert len(call_dense(return_theta=True, return_kernel_gates=True)) == 4


@both_ways
def test_a_dense_layer_takes_batches_of_any_rank():
    rng = np.random.default_rng(0)
    x, gates = rng.random((2, 3, 4, 7), np.float32), rng.random((2, 3, 4, 3), np.float32)
    below, theta = call_dense(x, gates=gates, return_theta=True)
    flat, flat_theta = call_dense(x.reshape(24, 7), gates=gates.reshape(24, 3), return_theta=True)
    np.testing.assert_array_equal(below, np.reshape(flat, x.shape))
    np.testing.assert_array_equal(theta, np.reshape(flat_theta, gates.shape))
    with pytest.raises(
        INVALID, match=r"gates is the layer's output, \[2,3,4,outputs\]; got \[4,3,2,3\]"
    ):
        call_dense(x, gates=gates.reshape(4, 3, 2, 3))


@both_ways
def test_there_is_no_gradient():
    with tf.GradientTape() as tape:
        x = tf.Variable(X)
        below = call_conv(x=x) + call_pool(x=x)
    assert tape.gradient(below, x) is None


@both_ways
def test_a_function_serves_any_batch():
    @tf.function(input_signature=[tf.TensorSpec([None, 5, 6, 4]), tf.TensorSpec([None, 3, 4, 2])])
    def function(x, gates):
        below, theta = call_conv(x=x, gates=gates, return_theta=True)
        pooled = call_pool(x=below, gates=gates[:, :2, :3, :1] * tf.ones([4]))
        flat = tf.reshape(pooled, [-1, 120])
        return below, theta, pooled, call_dense(flat, np.ones((120, 2)), theta[:, 0, 0])

    rng = np.random.default_rng(2)
    for batch in (0, 1, 3):
        x = rng.random((batch, 5, 6, 4), np.float32)
        gates = rng.random((batch, 3, 4, 2), np.float32)
        below, theta, pooled, dense = function(x, gates)
        wanted = call_conv(x=x, gates=gates, return_theta=True)
        np.testing.assert_array_equal(below, wanted[0])
        np.testing.assert_array_equal(theta, wanted[1])
        assert pooled.shape == x.shape
        assert dense.shape == (batch, 120)


def test_pack_kernel_puts_outputs_first():
    assert pack_kernel(KERNEL).shape == (2, 3, 3, 4)
    assert pack_kernel(WEIGHTS).shape == (3, 7)
