"""Erasing what speaks for a class: recorded values, cases by hand, gradients, compilation."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tfwsol.layers import AdversarialErasing

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "adl" / "baselines.npz"
FEATURES = np.arange(1, 7, dtype="float32").reshape(1, 1, 3, 2)
MAPS = np.array([[[[0.0, 1.0], [7.0, 0.0], [10.0, 0.0]]]], "float32")


def recorded():
    with np.load(GOLDEN) as file:
        found = {name: file[name] for name in file.files if name.startswith("acol_")}
    return {k[5:]: a.transpose(0, 2, 3, 1) if a.ndim == 4 else a for k, a in found.items()}


def test_as_recorded():
    golden = recorded()
    layer = AdversarialErasing(golden["threshold"])
    erased = layer(golden["feature"], golden["featmap"], golden["labels"])
    np.testing.assert_array_equal(erased, golden["erased"])


def test_the_recorded_loss_of_both_branches():
    golden = recorded()
    losses = [
        keras.losses.sparse_categorical_crossentropy(
            golden["labels"], golden[name], from_logits=True
        )
        for name in ("logits", "logit_b")
    ]
    assert float(ops.mean(sum(losses))) == pytest.approx(float(golden["loss"]), rel=1e-6)


def test_by_hand():
    """At the threshold itself a cell is erased; without labels the likelier class counts."""
    first = FEATURES * np.float32([1, 0, 0])[None, None, :, None]
    np.testing.assert_array_equal(AdversarialErasing(0.7)(FEATURES, MAPS, np.array([0])), first)
    np.testing.assert_array_equal(AdversarialErasing(0.7)(FEATURES, MAPS), first)
    second = FEATURES * np.float32([0, 1, 1])[None, None, :, None]
    np.testing.assert_array_equal(AdversarialErasing(0.7)(FEATURES, MAPS, np.array([1])), second)
    np.testing.assert_array_equal(AdversarialErasing(0.0)(FEATURES, MAPS), 0 * FEATURES)


def test_a_constant_map_erases_nothing():
    constant = np.full((1, 1, 3, 2), 4.0, "float32")
    np.testing.assert_array_equal(AdversarialErasing()(FEATURES, constant), FEATURES)


def test_only_kept_cells_pass_a_gradient_on_and_the_map_none():
    features, maps = tf.constant(FEATURES), tf.constant(MAPS)
    with tf.GradientTape() as tape:
        tape.watch([features, maps])
        erased = AdversarialErasing()(features, maps)
    to_features, to_maps = tape.gradient(erased, [features, maps])
    np.testing.assert_array_equal(to_features[0, 0], [[1, 1], [0, 0], [0, 0]])
    assert to_maps is None


@pytest.mark.parametrize("jit", [False, True])
def test_unknown_sizes_compiled(jit):
    layer = AdversarialErasing()
    compiled = tf.function(
        layer,
        input_signature=[
            tf.TensorSpec((None, None, None, 2)),
            tf.TensorSpec((None, None, None, 3)),
            tf.TensorSpec((None,), "int64"),
        ],
        jit_compile=jit,
    )
    rng = np.random.default_rng(0)
    for batch, height, width in [(1, 3, 4), (3, 5, 2)]:
        features = rng.normal(size=(batch, height, width, 2)).astype("float32")
        maps = rng.normal(size=(batch, height, width, 3)).astype("float32")
        labels = rng.integers(3, size=batch)
        result = layer(features, maps, labels)
        np.testing.assert_array_equal(compiled(features, maps, labels), result)


def test_mixed_precision_compares_in_float32():
    # In float16 the second cell would reach the threshold.
    maps = np.array([[[[0.0], [0.69999], [1.0]]]], "float32")
    erased = AdversarialErasing(0.7, dtype="mixed_float16")(FEATURES, maps)
    assert keras.backend.standardize_dtype(erased.dtype) == "float16"
    np.testing.assert_array_equal(erased[0, 0, :, 0], [1, 3, 0])


def test_wrong_arguments():
    with pytest.raises(ValueError, match="threshold to be a number between 0 and 1"):
        AdversarialErasing(70)
    with pytest.raises(
        ValueError, match="AdversarialErasing expects batch × height × width × channels"
    ):
        AdversarialErasing()(FEATURES, MAPS[0])
