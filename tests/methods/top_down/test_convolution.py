import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.ops import convert_to_numpy as to_numpy

from tfwsol.methods import STNet
from tfwsol.methods.top_down.convolution import through_kernel


def classifier(*behind, size=(12, 10), seed=0):
    """Some layers between an image and a small head, with fixed weights of the head."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((*size, 3), name="image")
    x = image
    for layer in behind:
        x = layer(x)
    return keras.Model(image, layers.Dense(3, name="head")(layers.GlobalMaxPooling2D()(x)))


def gates(model, images, **options):
    method = STNet(model, "general", keep_gates=True, **options)
    return np.array(method.localize(images, [0, 1, 2]).details["gates"])


def put(layer, *weights):
    layer.set_weights([to_numpy(weight).astype("float32") for weight in weights])


def close(one, other):
    assert np.any(one)
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def randomise(norm):
    rng = np.random.default_rng(3)
    low = [0.5 if "variance" in weight.path else -0.8 for weight in norm.weights]
    put(norm, *(rng.uniform(a, 1.5, w.shape) for a, w in zip(low, norm.weights, strict=True)))


@pytest.mark.parametrize("scale", [True, False])
def test_a_normalisation_is_folded_into_the_kernel_before_it(images, scale):
    norm = layers.BatchNormalization(scale=scale, name="norm")
    convolution = layers.Conv2D(6, 3, use_bias=False)
    model = classifier(convolution, norm, layers.ReLU())
    randomise(norm)
    gamma = to_numpy(norm.gamma) if scale else 1
    factor = gamma / np.sqrt(to_numpy(norm.moving_variance) + norm.epsilon)
    folded = layers.Conv2D(6, 3, activation="relu")
    same = classifier(folded)
    shift = to_numpy(norm.beta) - to_numpy(norm.moving_mean) * factor
    put(folded, to_numpy(convolution.kernel) * factor, shift)
    same.get_layer("head").set_weights(model.get_layer("head").get_weights())
    np.testing.assert_allclose(same(images), model(images), rtol=1e-4, atol=1e-5)
    close(gates(model, images), gates(same, images))


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_depthwise_is_grouped(images, strides, padding):
    depthwise = layers.DepthwiseConv2D(3, strides, padding, depth_multiplier=2, activation="relu")
    grouped = layers.Conv2D(6, 3, strides, padding, groups=3, activation="relu")
    one, other = classifier(depthwise), classifier(grouped)
    kernel = to_numpy(depthwise.kernel)
    put(grouped, kernel.reshape(3, 3, 1, 6), depthwise.bias)
    other.get_layer("head").set_weights(one.get_layer("head").get_weights())
    close(gates(one, images), gates(other, images))


def test_separable_is_depthwise_and_pointwise(images):
    separable = layers.SeparableConv2D(6, 3, 2, "same", activation="relu")
    halves = layers.DepthwiseConv2D(3, 2, "same"), layers.Conv2D(6, 1, activation="relu")
    one, other = classifier(separable), classifier(*halves)
    put(halves[0], separable.depthwise_kernel, np.zeros(3))
    put(halves[1], separable.pointwise_kernel, separable.bias)
    other.get_layer("head").set_weights(one.get_layer("head").get_weights())
    close(gates(one, images), gates(other, images))


def test_same_padding_is_an_explicit_border(images):
    same = layers.Conv2D(6, 3, 2, "same", activation="relu")
    valid = layers.Conv2D(6, 3, 2, activation="relu")
    one = classifier(same)
    other = classifier(layers.ZeroPadding2D(((0, 1), (0, 1))), valid)
    valid.set_weights(same.get_weights())
    other.get_layer("head").set_weights(one.get_layer("head").get_weights())
    close(gates(one, images), gates(other, images))


def test_a_dilated_window_has_holes(images):
    dilated = layers.Conv2D(5, 3, padding="same", dilation_rate=2, activation="relu")
    model = classifier(dilated)
    put(model.get_layer("head"), np.ones((5, 3)), np.zeros(3))
    for found in gates(model, images, modes={"dense": "1"})[:, 0]:
        rows, columns, channels = np.nonzero(found)
        assert len(set(channels)) == len(set(rows % 2)) == len(set(columns % 2)) == 1
        assert np.ptp(rows) <= 4


def by_hand(kernel, bias, image, **options):
    """The gates of two pixels below a 1 × 1 convolution that sees both as channels."""
    convolution = layers.Conv2D(1, (1, 2), activation="relu")
    inputs = keras.Input((1, 2, 1))
    model = keras.Model(
        inputs, layers.Dense(1, kernel_initializer="ones")(layers.Flatten()(convolution(inputs)))
    )
    put(convolution, np.reshape(kernel, (1, 2, 1, 1)), [bias])
    method = STNet(model, "general", modes={"dense": "1"}, **options)
    found = method.localize(np.reshape(image, (1, 1, 2, 1)).astype("float32"), 0)
    return np.array(found.maps)[0, 0, 0]


def test_shares_by_hand():
    np.testing.assert_allclose(by_hand([1, 2], 0, [3, 0.5]), [0.75, 0.25])


def test_units_that_only_their_bias_makes_positive():
    # Products 2 and -3 sum to -1; the bias makes it 4.
    kernel, bias, image = [1, -3], 5, [2, 1]
    np.testing.assert_allclose(by_hand(kernel, bias, image, bias_units="drop"), [0, 0])
    np.testing.assert_allclose(by_hand(kernel, bias, image, bias_units="share"), [1, 0])


def test_negative_units_are_explained_by_negative_products():
    first = layers.Conv2D(1, (1, 2))
    second = layers.Conv2D(1, 1, activation="relu")
    inputs = keras.Input((1, 2, 1))
    x = layers.Flatten()(second(first(inputs)))
    model = keras.Model(inputs, layers.Dense(1, kernel_initializer="ones")(x))
    put(first, np.reshape([1.0, -4.0], (1, 2, 1, 1)), [0.0])
    put(second, [[[[-1.0]]]], [0.0])
    image = np.reshape([1, 1], (1, 1, 2, 1)).astype("float32")
    maps = STNet(model, "general", modes={"dense": "1"}).localize(image, 0).maps
    # 1 - 4 = -3, times -1 is 3: what made it is the second pixel.
    np.testing.assert_allclose(np.array(maps)[0, 0, 0], [0, 1])


def test_alpha_of_one_layer():
    # Blobs of one cell (product 5) and of two (1 each): area wins with the paper's alpha.
    convolution = layers.Conv2D(1, (1, 4), activation="relu", name="conv")
    inputs = keras.Input((1, 4, 1))
    x = layers.Flatten()(convolution(inputs))
    model = keras.Model(inputs, layers.Dense(1, kernel_initializer="ones")(x))
    put(convolution, np.ones((1, 4, 1, 1)), [0.0])
    image = np.reshape([2.5, 0, 1, 1], (1, 1, 4, 1)).astype("float32")

    def share(**options):
        method = STNet(model, "general", modes={"dense": "1"}, **options)
        return np.array(method.localize(image, 0).maps)[0, 0, 0]

    np.testing.assert_allclose(share(), [0, 0, 0.5, 0.5])
    np.testing.assert_allclose(share(alpha={"conv": 1.0}), [1, 0, 0, 0])
    np.testing.assert_allclose(share(alpha=1.0), [1, 0, 0, 0])


@pytest.mark.parametrize("turned", [False, True])
def test_inputs_of_one_sign_save_half(turned):
    rng = np.random.default_rng(5)
    x = np.maximum(rng.normal(size=(2, 8, 8, 4)), 0).astype("float32")
    kernel = tf.constant(rng.normal(size=(6, 3, 3, 2)) - 0.3, tf.float32)
    gates = tf.constant(rng.random((2, 6, 6, 6)), tf.float32)
    x = tf.constant(-x if turned else x)
    half, whole = (through_kernel(kernel, True, saves, groups=2) for saves in (True, False))
    found = half(x, gates, turned)
    np.testing.assert_allclose(found, whole(x, gates, turned), rtol=1e-4, atol=1e-5)
    dropped = through_kernel(kernel, False, True, groups=2)(x, gates, turned)
    assert np.sum(found) > 1.05 * np.sum(dropped)
