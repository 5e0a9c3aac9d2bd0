"""What holds for the gates of every graph."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from tfwsol.methods import STNet

few = settings(max_examples=12, deadline=None, derandomize=True)
CLASSES = 4


KINDS = ("conv", "norm", "linear", "depthwise", "pool", "mean", "add", "concatenate", "pad")

blocks = st.tuples(st.sampled_from(KINDS), st.integers(2, 6), st.integers(1, 4), st.integers(1, 2))
recipes = st.tuples(st.lists(blocks, min_size=1, max_size=4), st.integers(0, 999), st.booleans())


def block(x, kind, width, size, stride):
    """One piece of a network behind x."""
    if kind == "conv":
        return layers.Conv2D(width, size, stride, padding="same", activation="relu")(x)
    if kind == "norm":
        x = layers.Conv2D(width, size, padding="same", use_bias=False)(x)
        return layers.ReLU(6.0)(layers.BatchNormalization()(x))
    if kind == "linear":
        return layers.Conv2D(width, 1)(x)
    if kind == "depthwise":
        return layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="relu")(x)
    if kind == "pool":
        return layers.MaxPooling2D(2, stride, padding="same")(x)
    if kind == "mean":
        return layers.AveragePooling2D(3, 1, padding="same")(x)
    if kind == "pad":
        return layers.Cropping2D(((0, 1), (1, 0)))(layers.ZeroPadding2D(1)(x))
    other = layers.Conv2D(x.shape[-1], 3, padding="same", activation="relu")(x)
    if kind == "add":
        return layers.Add()([x, other])
    return layers.Concatenate()([other, x, layers.Conv2D(2, 1, activation="relu")(x)])


def network(recipe):
    """A small classifier with random weights and statistics, and images for it."""
    pieces, seed, averages = recipe
    keras.utils.set_random_seed(seed)
    image = keras.Input((9, 11, 3), name="image")
    x = layers.Conv2D(5, 3, padding="same", activation="relu", name="first")(image)
    for piece in pieces:
        x = block(x, *piece)
    x = layers.GlobalAveragePooling2D()(x) if averages else layers.GlobalMaxPooling2D()(x)
    model = keras.Model(image, layers.Dense(CLASSES, "softmax")(layers.Dropout(0.5)(x)))
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.path.endswith(("bias", "gamma", "beta", "moving_mean", "moving_variance")):
            low = 0.5 if "variance" in weight.path else -0.3
            weight.assign(rng.uniform(low, 1.0, weight.shape))
    return model, rng.normal(size=(3, 9, 11, 3)).astype("float32")


MODES = ({}, {"dense": ("699", 3), "average_pool": "ALL"}, {"dense": "1", "max_pool": "ALL"})


@few
@given(
    recipe=recipes,
    modes=st.sampled_from(MODES),
    bias_units=st.sampled_from(["drop", "share"]),
)
def test_every_gate_arrives_or_is_dropped(recipe, modes, bias_units):
    model, images = network(recipe)
    method = STNet(model, "general", modes=modes, bias_units=bias_units, keep_gates=True)
    found = method.localize(images, [[0, 3], [1, 1], [2, 0]])
    maps, dropped = np.array(found.maps), np.array(found.details["layer_dropped"])
    assert np.isfinite(maps).all()
    assert (maps >= 0).all()
    # What is lost at a layer is never negative, so no layer makes gates out of nothing.
    assert (dropped > -1e-5).all()
    np.testing.assert_allclose(maps.sum((2, 3)) + dropped.sum(-1), 1, rtol=1e-4)
    np.testing.assert_allclose(np.array(found.details["gates"]).sum(-1), maps, atol=1e-6)


@few
@given(recipe=recipes)
def test_gates_lie_where_units_are_active(recipe):
    model, images = network(recipe)
    method = STNet(model, "general", "first", keep_gates=True)
    gates = np.array(method.localize(images, 1).details["gates"])[:, 0]
    active = keras.Model(model.inputs, model.get_layer("first").output)([images])
    assert not gates[np.array(active) <= 0].any()


@few
@given(recipe=recipes, seed=st.integers(0, 9))
def test_the_order_of_the_batch_does_not_matter(recipe, seed):
    model, images = network(recipe)
    method, order = STNet(model, "general"), np.random.default_rng(seed).permutation(3)
    maps = np.array(method.localize(images, [0, 1, 2]).maps)
    again = np.array(method.localize(images[order], order).maps)
    np.testing.assert_allclose(again, maps[order], rtol=1e-3, atol=1e-6)


@few
@given(seed=st.integers(0, 2**16), size=st.integers(1, 4))
def test_one_unit_explains_itself_by_one_channel(seed, size):
    keras.utils.set_random_seed(seed)
    image = keras.Input((9, 9, 4))
    x = layers.Conv2D(6, size, padding="same", activation="relu")(image)
    classes = layers.Dense(3, kernel_initializer="ones")  # so that no class is dropped
    model = keras.Model(image, classes(layers.GlobalMaxPooling2D()(x)))
    method = STNet(model, "general", modes={"dense": "1"}, keep_gates=True)
    images = np.random.default_rng(seed).normal(size=(4, 9, 9, 4)).astype("float32")
    for gates in np.array(method.localize(images, 0).details["gates"])[:, 0]:
        rows, columns, channels = np.nonzero(gates)
        assert len(set(channels)) == 1
        assert np.ptp(rows) < size
        assert np.ptp(columns) < size


@pytest.mark.parametrize("where", [0, 3])
def test_channels_of_zeros_change_nothing(where):
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).normal(size=(3, 9, 9, 3)).astype("float32")
    small = small_network(3)
    kernel, *others = small.get_weights()
    wide = small_network(5)
    wide.set_weights([np.insert(kernel, [where] * 2, 0.7, axis=2), *others])
    found = STNet(wide, "general").localize(np.insert(images, [where] * 2, 0, axis=3), 1)
    wanted = STNet(small, "general").localize(images, 1)
    np.testing.assert_allclose(found.maps, wanted.maps, rtol=1e-5, atol=1e-7)


def small_network(channels):
    image = keras.Input((9, 9, channels))
    x = layers.Conv2D(6, 3, activation="relu")(image)
    x = layers.Conv2D(6, 3, activation="relu")(layers.MaxPooling2D()(x))
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
