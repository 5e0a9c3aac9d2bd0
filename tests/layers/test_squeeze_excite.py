"""Channel attention: a case by hand, sizes, precision, life in a model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfwsol.layers import SqueezeExcite


def by_hand(x, layer):
    kernels = [np.asarray(v, "float64") for v in layer.weights]
    hidden = np.maximum(x.mean(axis=(1, 2)) @ kernels[0] + kernels[1], 0)
    scale = 1 / (1 + np.exp(-(hidden @ kernels[2] + kernels[3])))
    return x * scale[:, None, None, :]


def lively(layer, seed=0):
    rng = np.random.default_rng(seed)
    for variable in layer.weights:
        variable.assign(rng.normal(size=variable.shape))
    return layer


def test_by_its_formula():
    x = np.random.default_rng(1).normal(size=(3, 4, 5, 8)).astype("float32")
    layer = SqueezeExcite(4)
    layer.build(x.shape)
    lively(layer)
    np.testing.assert_allclose(layer(x), by_hand(x, layer), rtol=1e-4, atol=1e-6)


def test_the_published_widths():
    """256 → 16 → 256 with biases; fewer channels than the reduction leave one unit."""
    for channels, hidden in [(256, 16), (512, 32), (2048, 128), (8, 1)]:
        layer = SqueezeExcite()
        layer.build((None, None, None, channels))
        shapes = [tuple(v.shape) for v in layer.weights]
        assert shapes == [(channels, hidden), (hidden,), (hidden, channels), (channels,)]
        assert layer.squeeze.units == hidden
        assert layer.excite.units == channels


def test_the_initial_weights_follow_the_seed():
    first, same, other = (SqueezeExcite(2, seed=seed) for seed in (1, 1, 2))
    for layer in (first, same, other):
        layer.build((None, 2, 2, 64))
    for a, b, c in zip(first.weights, same.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a, b)
        assert len(a.shape) == 1 or np.abs(np.asarray(a) - np.asarray(c)).max() > 0
    deviation = np.asarray(first.squeeze.kernel).std()
    assert deviation == pytest.approx(np.sqrt(2 / 64), rel=0.1)


def test_channels_first_is_the_transposed_result():
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 6)).astype("float32")
    last = SqueezeExcite(2, seed=3, data_format="channels_last")(x)
    first = SqueezeExcite(2, seed=3, data_format="channels_first")(x.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(np.asarray(first).transpose(0, 2, 3, 1), last, rtol=1e-5)


@pytest.mark.parametrize("jit", [False, True])
def test_unknown_sizes_compiled(jit):
    layer = SqueezeExcite(2, seed=0)
    layer.build((None, None, None, 6))
    spec = tf.TensorSpec((None, None, None, 6))
    compiled = tf.function(layer, input_signature=[spec], jit_compile=jit)
    for shape in [(1, 2, 3, 6), (4, 5, 1, 6)]:
        x = np.random.default_rng(0).normal(size=shape).astype("float32")
        np.testing.assert_allclose(compiled(x), layer(x), rtol=1e-5, atol=1e-6)


def test_mixed_precision_keeps_float32_weights():
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 8)).astype("float32")
    layer = SqueezeExcite(2, seed=0, dtype="mixed_float16")
    y = layer(x)
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    assert {v.dtype for v in layer.weights} == {"float32"}
    np.testing.assert_allclose(np.asarray(y, "float32"), by_hand(x, layer), atol=5e-3)


def test_fit_trains_it():
    keras.utils.set_random_seed(0)
    image = keras.Input((4, 4, 6))
    x = layers.GlobalAveragePooling2D()(SqueezeExcite(2, name="scale")(image))
    model = keras.Model(image, layers.Dense(1)(x))
    before = [np.asarray(v) for v in model.get_layer("scale").weights]
    model.compile(keras.optimizers.SGD(0.1), "mse")
    rng = np.random.default_rng(0)
    images, targets = rng.uniform(0, 2, (16, 4, 4, 6)), rng.normal(size=(16, 1))
    loss = model.fit(images, targets, epochs=5, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
    for old, new in zip(before, model.get_layer("scale").weights, strict=True):
        assert np.abs(np.asarray(new) - old).max() > 0


def test_wrong_arguments():
    for reduction in (0, -1, 2.5):
        with pytest.raises(ValueError, match="reduction to be a whole number of at least 1"):
            SqueezeExcite(reduction)
    with pytest.raises(ValueError, match="a known number of channels"):
        SqueezeExcite().build((None, 4, 4, None))
    with pytest.raises(ValueError, match="SqueezeExcite expects batch × height"):
        SqueezeExcite().build((None, 4))
