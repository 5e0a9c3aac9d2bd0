"""Gates as a SparseTensor: the same results, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

from tfwsol.ops import conv_gating, pool_gating

INVALID = tf.errors.InvalidArgumentError
X = np.random.default_rng(0).normal(size=(2, 5, 6, 4)).astype("float32")
KERNEL = np.random.default_rng(1).normal(size=(3, 3, 4, 2)).astype("float32")
GATES = tf.SparseTensor([[0, 0, 1, 1], [1, 2, 3, 0]], [0.5, 2.0], [2, 3, 4, 2])
POOL_GATES = tf.SparseTensor([[0, 0, 1, 1], [1, 1, 2, 3]], [0.5, 2.0], [2, 2, 3, 4])
both_ways = pytest.mark.usefixtures("both_ways")


def changed(gates, indices=None, values=None, shape=None):
    given = (indices, values, shape)
    parts = (gates.indices, gates.values, gates.dense_shape)
    return tf.SparseTensor(*(p if g is None else g for g, p in zip(given, parts, strict=True)))


@both_ways
@pytest.mark.parametrize("turn", [1, -1])
def test_a_list_gives_a_list_of_the_same_gates(turn):
    gates = tf.SparseTensor(GATES.indices[::turn], GATES.values[::turn], GATES.dense_shape)
    below, theta = conv_gating(X, KERNEL, gates, return_theta=True)
    wanted, thetas = conv_gating(X, KERNEL, tf.sparse.to_dense(GATES), return_theta=True)
    np.testing.assert_array_equal(tf.sparse.to_dense(below), wanted)  # refuses a wrong order
    np.testing.assert_array_equal(theta, tf.gather_nd(thetas, gates.indices))
    assert np.all(below.values != 0)


@both_ways
@pytest.mark.parametrize("mode", ["1", "ALL", "699"])
def test_a_pool_s_list(mode):
    below = pool_gating(X, POOL_GATES, mode=mode)
    wanted = pool_gating(X, tf.sparse.to_dense(POOL_GATES), mode=mode)
    np.testing.assert_array_equal(tf.sparse.to_dense(below), wanted)


@both_ways
def test_an_empty_list_and_an_empty_batch():
    none = changed(GATES, np.zeros((0, 4), "int64"), np.zeros(0, "float32"))
    assert conv_gating(X, KERNEL, none).indices.shape == (0, 4)
    no_images = changed(none, shape=[0, 3, 4, 2])
    assert list(conv_gating(X[:0], KERNEL, no_images).dense_shape) == [0, 5, 6, 4]


@both_ways
def test_a_function_serves_any_batch():
    @tf.function(input_signature=[tf.TensorSpec([None, 5, 6, 4]), tf.SparseTensorSpec([None] * 4)])
    def function(x, gates):
        below, theta = conv_gating(x, KERNEL, gates, return_theta=True)
        return pool_gating(x, below, 1), theta

    for batch in (1, 2):
        gates = tf.sparse.slice(GATES, [0] * 4, [batch, 3, 4, 2])
        below, theta = function(X[:batch], gates)
        np.testing.assert_array_equal(
            tf.sparse.to_dense(below), tf.sparse.to_dense(conv_gating(X[:batch], KERNEL, gates))
        )
        assert theta.shape == batch


@both_ways
@pytest.mark.parametrize(
    ("gates", "error", "message"),
    [
        (changed(GATES, values=[1.0, np.nan]), INVALID, "gates is not finite everywhere"),
        (changed(GATES, shape=[3, 3, 4, 2]), INVALID, r"gates is the layer's output, \[2,3,4,2\]"),
        (changed(GATES, values=tf.ones(2, tf.float64)), ValueError, "gates is float64 where x is"),
    ],
)
def test_gates_that_do_not_fit_are_named(gates, error, message):
    with pytest.raises(error, match=message):
        conv_gating(X, KERNEL, gates)


@pytest.mark.usefixtures("compiled_ops")
@pytest.mark.parametrize(
    ("gates", "message"),
    [
        (
            changed(GATES, [[0, 0, 0, 0], [1, 2, 4, 1]]),
            r"gates has an index outside of its dense shape \[2,3,4,2\]: \[1,2,4,1\]",
        ),
        (changed(GATES, [[0, -1, 0, 0], [1, 2, 3, 1]]), "gates has an index outside"),
        (changed(GATES, shape=[2**31, 2**31, 2**31, 2]), r"gates has less than 2\^63 cells"),
        (
            tf.SparseTensor([[0, 1]], [1.0], [2, 3]),
            r"gates is a SparseTensor of batch .* got indices of \[1,2\]",
        ),
    ],
)
def test_malformed_lists_are_refused(monkeypatch, gates, message):
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "require")
    with pytest.raises(INVALID, match=message):
        conv_gating(X, KERNEL, gates)


@pytest.mark.usefixtures("compiled_ops")
def test_numbers_that_are_not_finite_count_where_units_are_gated(monkeypatch):
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "require")
    away, wrong = X.copy(), X.copy()
    away[0, 4, 5] = np.nan  # in nobody's window
    wrong[0, 0, 2] = np.nan  # in those of the first gates
    for call in (
        lambda x: conv_gating(x, KERNEL, GATES),
        lambda x: pool_gating(x, POOL_GATES),
    ):
        np.testing.assert_array_equal(call(away).values, call(X).values)
        with pytest.raises(INVALID, match="x is not finite"):
            call(wrong)
    with pytest.raises(INVALID, match="kernel is not finite where units are gated"):
        conv_gating(X, np.full_like(KERNEL, np.inf), GATES)


@both_ways
def test_the_kernel_s_gates_want_a_tensor():
    with pytest.raises(ValueError, match="return_kernel_gates needs the gates as one tensor"):
        conv_gating(X, KERNEL, GATES, return_kernel_gates=True)
