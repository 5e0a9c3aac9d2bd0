import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol.methods.top_down.packed_kernel import PackedKernel


def counted():
    """A kernel of two variables, and how often it was made."""
    sources = [keras.Variable([1.0, 2.0]), keras.Variable([3.0, 4.0])]
    calls = []

    def make(one, other):
        calls.append(1)
        return one * other

    return sources, calls, PackedKernel(sources, make)


def test_it_is_made_once():
    _, calls, kernel = counted()
    for _ in range(3):
        kernel.refresh()
    np.testing.assert_array_equal(kernel.tensor, [3, 8])
    assert len(calls) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda variable: variable.assign([5.0, 2.0]),
        lambda variable: variable.assign_add([4.0, 0.0]),
        lambda variable: variable.value[0].assign(5.0),
        lambda variable: variable.value.scatter_update(tf.IndexedSlices([5.0], [0])),
    ],
)
def test_it_follows_its_sources(change):
    sources, calls, kernel = counted()
    kernel.refresh()
    held = kernel.tensor
    change(sources[0])
    kernel.refresh()
    np.testing.assert_array_equal(held, [15, 8])
    kernel.refresh()
    assert len(calls) == 2


def test_the_same_values_again_make_nothing():
    sources, calls, kernel = counted()
    kernel.refresh()
    sources[0].assign([1.0, 2.0])
    kernel.refresh()
    assert len(calls) == 1


def test_it_is_not_there_before():
    with pytest.raises(RuntimeError, match="refresh"):
        _ = counted()[2].tensor


def test_half_precision():
    kernel = PackedKernel([keras.Variable([1.5], dtype="bfloat16")], tf.identity)
    kernel.refresh()
    kernel.refresh()
    assert kernel.tensor.dtype == tf.float32
