"""The map of one class between zero and one: the recorded one, a case by hand, properties."""

import pathlib

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from keras import ops

from tfwsol.layers import class_attention, min_max

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "adl" / "baselines.npz"


def test_as_recorded():
    with np.load(GOLDEN) as file:
        maps = file["acol_featmap"].transpose(0, 2, 3, 1)
        expected = file["acol_attention"].transpose(0, 2, 3, 1)
        attention = class_attention(maps, file["acol_labels"])
    np.testing.assert_allclose(attention, expected, rtol=2e-6, atol=1e-6)


def test_by_hand():
    """The second class is the likelier one: its values 2, 4, 10 run from 0 to 1."""
    maps = np.array([[[[5.0, 2.0], [1.0, 4.0], [0.0, 10.0]]]], "float32")
    np.testing.assert_allclose(class_attention(maps)[0, 0, :, 0], [0, 0.25, 1])
    np.testing.assert_allclose(class_attention(maps, [0])[0, 0, :, 0], [1, 0.2, 0])
    np.testing.assert_array_equal(class_attention(maps, [1]), class_attention(maps))


@given(
    maps=arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
        elements=st.floats(-1000, 1000, width=32, allow_subnormal=False),
    )
)
@settings(max_examples=40, deadline=None)
def test_every_map_runs_from_zero_to_one_alone(maps):
    result = np.asarray(min_max(maps))
    constant = maps.max(axis=(1, 2)) == maps.min(axis=(1, 2))
    np.testing.assert_array_equal(result.min(axis=(1, 2)), 0)
    np.testing.assert_array_equal(result.max(axis=(1, 2)), ~constant)
    np.testing.assert_array_equal(min_max(maps[:1]), result[:1])


def test_a_constant_map_gives_zeros_and_a_finite_gradient():
    maps = tf.fill((1, 2, 2, 1), 3.0)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        result = min_max(maps)
    np.testing.assert_array_equal(result, np.zeros((1, 2, 2, 1)))
    assert np.isfinite(tape.gradient(result, maps)).all()


def test_nothing_flows_back():
    maps = tf.constant(np.random.default_rng(0).normal(size=(1, 2, 2, 3)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        result = class_attention(maps, [1])
    assert tape.gradient(result, maps) is None


def test_half_precision_maps_are_normalised_in_float32():
    maps = np.arange(60000, 60064, dtype="float16").reshape(1, 8, 8, 1)
    attention = class_attention(maps, [0])
    assert attention.dtype == tf.float32
    assert np.isfinite(ops.convert_to_numpy(attention)).all()
