"""SPG's masks of three values and losses: recorded ones, cases by hand, gradients."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tfwsol.layers import (
    class_attention,
    guidance_loss,
    guidance_mask,
    self_produced_guidance_loss,
)
from tfwsol.layers.self_produced_guidance import SIZE, THRESHOLDS, upsample

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "adl" / "baselines.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as file:
        found = {name[4:]: file[name] for name in file.files if name.startswith("spg_")}
    return {k: a.transpose(0, 2, 3, 1) if a.ndim == 4 else a for k, a in found.items()}


def teachers(golden):
    b1, b2 = (ops.sigmoid(upsample(golden[name])) for name in ("b1", "b2"))
    return class_attention(upsample(golden["featmap"]), golden["labels"]), b2, (b1 + b2) / 2


def test_the_published_thresholds(golden):
    assert SIZE == (224, 224)
    np.testing.assert_array_equal(golden["thresholds"], THRESHOLDS)


def test_teachers_as_recorded(golden):
    attention, _, fused = (np.asarray(maps)[:, ::8, ::8] for maps in teachers(golden))
    np.testing.assert_allclose(attention, golden["attention_ds"], rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(fused, golden["fused_ds"], rtol=2e-6, atol=1e-6)


def test_masks_as_recorded(golden):
    for number, (maps, limits) in enumerate(zip(teachers(golden), THRESHOLDS, strict=True), 1):
        mask = guidance_mask(maps, *limits)
        np.testing.assert_array_equal(mask, golden[f"mask{number}"])


def test_loss_and_gradients_as_recorded(golden):
    b1, b2, c, maps = inputs = [
        ops.convert_to_tensor(golden[name]) for name in ("b1", "b2", "c", "featmap")
    ]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = self_produced_guidance_loss(maps, golden["labels"], b1, b2, c)
    classification = keras.losses.sparse_categorical_crossentropy(
        golden["labels"], golden["logits"], from_logits=True
    )
    total = float(loss + ops.mean(classification))
    assert total == pytest.approx(float(golden["loss"]), rel=2e-6)
    *gradients, to_maps = tape.gradient(loss, inputs)
    for name, gradient in zip(("b1", "b2", "c"), gradients, strict=True):
        np.testing.assert_allclose(gradient, golden[f"grad_{name}"], rtol=1e-4, atol=1e-6)
    assert bool(golden["featmap_grad_is_none"])
    assert to_maps is None


def row(values, pixels=40):
    """One row of so many pixels of value one half that starts with the given values."""
    line = np.full((1, 1, pixels, 1), 0.5, "float32")
    line[0, 0, : len(values), 0] = values
    return line


def test_mask_by_hand():
    """Thirty pixels above the high limit are enough; on a limit nothing is decided."""
    line = row([0.8] * 30 + [0.7, 0.1, 0.09])
    mask = np.asarray(guidance_mask(line, 0.7, 0.1))[0, 0, :, 0]
    np.testing.assert_array_equal(mask, [1] * 30 + [255, 255, 0] + [255] * 7)
    assert mask.dtype == np.uint8


def test_too_few_object_pixels_lower_the_limit_to_a_share_of_the_highest():
    line = row([1.0] + [0.8] * 28 + [0.71, 0.69])
    mask = np.asarray(guidance_mask(line, 0.75, 0.1))[0, 0, :, 0]
    np.testing.assert_array_equal(mask, [1] * 30 + [255] * 10)


def test_each_image_counts_its_own_pixels():
    many, few = row([0.8] * 31), row([1.0, 0.72])
    together = np.asarray(guidance_mask(np.concatenate([many, few]), 0.75, 0.1))
    for one, alone in zip(together, (many, few), strict=True):
        np.testing.assert_array_equal(one, guidance_mask(alone, 0.75, 0.1)[0])
    assert (together == 1).sum() == 31 + 2


def test_background_overwrites_object():
    """A faint map: above 0.7 of its highest value and below the low limit at once."""
    mask = np.asarray(guidance_mask(row([0.04] * 40), 0.7, 0.05))
    np.testing.assert_array_equal(mask, np.zeros((1, 1, 40, 1)))


def test_loss_by_hand():
    logits = np.array([0.0, 2.0, -1.0, 100.0], "float32").reshape(1, 2, 2, 1)
    mask = np.array([1, 0, 1, 255], "uint8").reshape(1, 2, 2, 1)
    expected = (np.log(2) + np.log1p(np.exp(2)) + np.log1p(np.exp(1))) / 3
    assert float(guidance_loss(logits, mask)) == pytest.approx(expected, rel=1e-6)


def test_the_mean_is_over_the_batch_and_extremes_stay_finite():
    logits = np.array([200.0, -200.0, -200.0, 200.0], "float32").reshape(2, 1, 2, 1)
    mask = np.array([1, 0, 1, 255], "uint8").reshape(2, 1, 2, 1)
    assert float(guidance_loss(logits, mask)) == pytest.approx(200 / 3, rel=1e-6)


def test_nothing_decided_costs_nothing():
    logits = tf.Variable(np.random.default_rng(0).normal(size=(2, 4, 4, 1)).astype("float32"))
    with tf.GradientTape() as tape:
        loss = guidance_loss(logits, np.full((2, 4, 4, 1), 255, "uint8"))
    assert float(loss) == 0
    assert not np.asarray(tape.gradient(loss, logits)).any()


def test_the_gradient_at_zero_is_that_of_the_sigmoid():
    logits = tf.Variable(np.zeros((1, 1, 2, 1), "float32"))
    mask = np.array([1, 0], "uint8").reshape(1, 1, 2, 1)
    with tf.GradientTape() as tape:
        loss = guidance_loss(logits, mask)
    np.testing.assert_allclose(np.ravel(tape.gradient(loss, logits)), [-0.25, 0.25])


@pytest.mark.parametrize("jit", [False, True])
def test_unknown_batch_compiled(jit):
    def loss(maps, labels, b1, b2, c):
        return self_produced_guidance_loss(maps, labels, b1, b2, c, size=(32, 32))

    one = tf.TensorSpec((None, 8, 8, 1))
    specs = [tf.TensorSpec((None, 8, 8, 3)), tf.TensorSpec((None,), "int64"), one, one]
    compiled = tf.function(
        loss, input_signature=[*specs, tf.TensorSpec((None, 4, 4, 1))], jit_compile=jit
    )
    rng = np.random.default_rng(0)
    for batch in (1, 3):
        shapes = [(8, 8, 3), (8, 8, 1), (8, 8, 1), (4, 4, 1)]
        maps, *others = (rng.normal(size=(batch, *s)).astype("float32") for s in shapes)
        arguments = (maps, rng.integers(3, size=batch), *others)
        assert float(compiled(*arguments)) == pytest.approx(float(loss(*arguments)), rel=1e-5)


def test_half_precision_maps_are_compared_in_float32(golden):
    half = {k: golden[k].astype("float16") for k in ("featmap", "b1", "b2", "c")}
    loss = self_produced_guidance_loss(
        half["featmap"], golden["labels"], half["b1"], half["b2"], half["c"]
    )
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    exact = self_produced_guidance_loss(
        golden["featmap"], golden["labels"], golden["b1"], golden["b2"], golden["c"]
    )
    assert float(loss) == pytest.approx(float(exact), rel=2e-3)
