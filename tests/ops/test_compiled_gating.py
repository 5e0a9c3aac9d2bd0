"""What only the compiled gating operations have: shapes in functions, threads, refusals."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfwsol.ops import conv_gating, dense_gating, pool_gating

INVALID = tf.errors.InvalidArgumentError


def test_compiled_shapes_are_known_and_checked_in_a_function(monkeypatch, compiled_ops):
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "require")

    x, kernel = np.ones((2, 5, 6, 4), np.float32), np.ones((3, 3, 4, 2), np.float32)

    @tf.function
    def function(gates):
        below, theta, of_kernel, hits = conv_gating(
            x, kernel, gates, 1, 0, return_theta=True, return_kernel_gates=True
        )
        assert (below.shape, theta.shape) == (x.shape, gates.shape)
        assert of_kernel.shape == hits.shape == kernel.shape
        return below

    function(tf.ones([2, 3, 4, 2]))
    with pytest.raises(ValueError, match="gates is the layer's output"):
        function(tf.ones([1, 3, 4, 2]))


THREADS = """
import hashlib, numpy as np, tensorflow as tf
from tfwsol.ops import conv_gating, dense_gating, pool_gating
rng = np.random.default_rng(1)
x = rng.normal(size=(3, 19, 17, 24)).astype(np.float32)
gates = (rng.random((3, 19, 17, 40)) * (rng.random((3, 19, 17, 40)) < 0.2)).astype(np.float32)
kernel = rng.normal(size=(3, 3, 24, 40)).astype(np.float32)
found = list(conv_gating(x, kernel, gates, 1, 1, return_theta=True, return_kernel_gates=True))
found += [pool_gating(x, gates[..., :24], 3, 1, 1)]
matrix = rng.normal(size=(50, 999)).astype(np.float32), rng.normal(size=(999, 70))
listed = [tf.sparse.from_dense(array) for array in (gates, gates[..., :24])]
found += [conv_gating(x, kernel, listed[0], 1, 1).values, pool_gating(x, listed[1], 3, 1, 1).values]
found += [dense_gating(*matrix, rng.random((50, 70)), offset=2)]
print(hashlib.sha256(b"".join(np.array(array).tobytes() for array in found)).hexdigest())
"""


@pytest.mark.usefixtures("compiled_ops")
def test_the_number_of_threads_changes_nothing():
    def with_threads(count):
        settings = {"TF_NUM_INTRAOP_THREADS": str(count), "TFWSOL_CUSTOM_OPS": "require"}
        command = [sys.executable, "-c", THREADS]
        run = subprocess.run(
            command, env={**os.environ, **settings}, capture_output=True, text=True, check=True
        )
        return run.stdout.strip()

    one = with_threads(1)
    assert len(one) == 64
    assert with_threads(2) == one


def unchecked(indices, values, shape, dtype):
    """A SparseTensor of whatever is given, which its own constructor would refuse."""
    parts = [tf.constant(indices, tf.int64), tf.cast(values, dtype)]
    gates = tf.SparseTensor(tf.zeros([0, 1], tf.int64), tf.zeros(0, dtype), [1])
    gates._indices, gates._values, gates._dense_shape = *parts, tf.constant(shape, tf.int64)
    return gates


def fuzzed_calls(rng):
    """A call of one operation with arguments that fit now and then."""
    odd = [0, 1, 1, 2, 2, 3, 4, 5, 7]

    def array(*shape):
        shape = [*shape, 1] if rng.random() < 0.02 else shape
        values = rng.normal(size=shape) * rng.choice([1, 1, 1e-4, 1e30])
        if values.size and rng.random() < 0.1:
            values.flat[rng.integers(values.size)] = rng.choice([np.nan, np.inf, -np.inf, 1e38])
        return values.astype(rng.choice([np.float32, np.float64]))

    def settings(count=2):
        return [int(value) for value in rng.choice([*odd[1:], -1, 2**31, 2**62], count)]

    def side(size, window, stride, pads):
        return max(0, (size + pads - window) // max(1, stride) + 1)

    batch, height, width, depth, outputs = (int(value) for value in rng.choice(odd, 5))
    window = [int(value) for value in rng.choice(odd, 2)]
    strides = [1, 1] if rng.random() < 0.6 else settings()
    padding = [[0, 0], [0, 0]] if rng.random() < 0.6 else [settings(), settings()]
    grid = [
        min(9, side(size, *rest, sum(pads)))
        for size, *rest, pads in zip((height, width), window, strides, padding, strict=True)
    ]

    def listed(gates):
        count, rank = int(rng.integers(6)), 4 if rng.random() < 0.9 else 3
        sides = [max(1, length) for length in gates.shape] if gates.ndim == rank else [3] * rank
        indices = rng.integers(0, sides, (count, rank)) - (rng.random((count, rank)) < 0.03)
        shape = gates.shape if rng.random() < 0.9 else [*settings(gates.ndim)]
        return unchecked(indices, array(count)[:count], shape, x.dtype)

    mode = {"mode": rng.choice(["1", "ALL", "699"]), "offset": int(rng.integers(9))}
    x = array(batch, height, width, depth)
    above = array(batch, *grid, outputs), array(batch, *grid, depth)
    if rng.random() < 0.5:
        above = [listed(gates) for gates in above]
    return [
        lambda: conv_gating(
            x,
            array(*window, depth, outputs),
            above[0],
            strides,
            padding,
            int(rng.choice([1, 1, 1, 2, 3, 0])),
            literal=bool(rng.random() < 0.3),
            dilation=1 if rng.random() < 0.7 else settings(),
        ),
        lambda: pool_gating(x, above[1], window, strides, padding, **mode),
        lambda: dense_gating(
            array(batch, depth), array(depth, outputs), array(batch, outputs), **mode
        ),
    ]


NAMES_ONE = r"(x|kernel|gates|strides|padding|dilation|groups|pool_size) (is|has|does) "


def refusal(call):
    """The message of the error of a call, or None."""
    try:
        call()
    except INVALID as error:
        return error.message
    return None


@pytest.mark.parametrize("calls", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_whatever_comes_is_computed_or_refused(monkeypatch, compiled_ops, calls):
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "require")
    rng = np.random.default_rng(7)
    computed = 0
    for _ in range(calls):
        refused = refusal(fuzzed_calls(rng)[rng.integers(3)])
        assert refused is None or re.search(NAMES_ONE, refused)
        computed += refused is None
    assert calls * 0.1 < computed < calls * 0.9
