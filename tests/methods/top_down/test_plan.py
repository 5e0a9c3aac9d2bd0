"""What cannot be passed is named before anything runs; all the rest is."""

import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.layers import ADL
from tfwsol.methods import STNet


class OddConvolution(layers.Conv2D):
    pass


class Shuffle(layers.Layer):
    def call(self, x):
        return x[..., ::-1]


def model_of(*behind, size=(12, 10, 3)):
    keras.utils.set_random_seed(0)
    image = keras.Input(size, name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(image)
    for layer in behind:
        x = layer(x)
    x = layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x
    return keras.Model(image, layers.Dense(3, "softmax")(x))


def test_all_unsupported_layers_are_named():
    odd = OddConvolution(4, 3, name="odd")
    model = model_of(odd, layers.LayerNormalization(name="by_cell"), Shuffle(name="shuffle"))
    with pytest.raises(ValueError, match="cannot go down") as error:
        STNet(model)
    words = str(error.value)
    assert "3 layer(s)" in words
    for reason in (
        "'odd' (OddConvolution): a subclass of Conv2D may compute anything",
        "'by_cell' (LayerNormalization): its scale is made of the image itself",
        "'shuffle' (Shuffle): no rule says",
        "stop_layer",
    ):
        assert reason in words


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (lambda x: layers.Multiply()([x, x]), "a product of tensors"),
        (layers.Activation("sigmoid"), "'sigmoid' before the model's end"),
        (layers.Conv2D(4, 3, activation="softmax"), "'softmax' before the model's end"),
        (layers.Activation(lambda x: -x, name="minus"), "does not keep the sign"),
        (lambda x: x + 1.0, "a constant"),
    ],
)
def test_reasons(layer, reason):
    with pytest.raises(ValueError, match=reason):
        STNet(model_of(layer))


def test_stopping_above_what_cannot_be_passed(images):
    model = model_of(Shuffle(name="shuffle"), layers.Conv2D(5, 3, activation="relu"))
    maps = STNet(model, stop_layer="shuffle").localize(images, 0).maps
    assert maps.shape == (3, 1, 12, 10)


def test_layers_that_the_caller_lets_pass(images):
    maps = STNet(model_of(Shuffle(name="shuffle")), pass_through=["shuffle"]).localize(images).maps
    np.testing.assert_allclose(np.array(maps).sum((1, 2, 3)), 1, atol=1e-5)


PASSED = [
    layers.ReLU(6.0),
    layers.LeakyReLU(),
    layers.PReLU(),
    layers.Activation("swish"),
    layers.Dropout(0.5),
    layers.SpatialDropout2D(0.5),
    layers.GaussianNoise(1.0),
    ADL(),
    layers.BatchNormalization(),
    layers.AveragePooling2D(2),
    layers.AveragePooling2D(3, 2, "same"),
    layers.MaxPooling2D((2, 3), (1, 2)),
    layers.ZeroPadding2D(((1, 0), (2, 1))),
    layers.Cropping2D(1),
    layers.Permute((2, 1, 3)),
    layers.Reshape((10, 12, 4)),
    layers.SeparableConv2D(5, 3, activation="relu"),
    layers.Conv2D(5, 3, (2, 1), "same", activation=layers.LeakyReLU()),
    layers.Conv2D(6, (12, 10), activation="relu"),
    layers.Flatten(),
]


@pytest.mark.parametrize("layer", PASSED, ids=lambda layer: layer.name)
def test_layers_that_are_passed(layer, images):
    model = model_of(type(layer).from_config(layer.get_config()))
    found = STNet(model, keep_gates=True).localize(images, 1)
    maps, dropped = np.array(found.maps), np.array(found.details["layer_dropped"]).sum(-1)
    np.testing.assert_allclose(maps.sum((2, 3)) + dropped, 1, atol=1e-4)


def test_nothing_between_the_map_and_the_answer():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu")(image)
    side = layers.Conv2D(2, 1, name="side")(x)
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    assert side is not None
    with pytest.raises(ValueError, match="has no layer 'side'"):
        STNet(model, stop_layer="side")


@pytest.mark.parametrize("option", ["modes", "alpha"])
def test_settings_of_layers_that_are_not_there(option):
    value = {"modes": {"frist": "ALL"}, "alpha": {"frist": 0.5}}[option]
    with pytest.raises(ValueError, match=r"no layer 'frist'; did you mean \['first'"):
        STNet(model_of(), **{option: value})


def test_channels_first():
    image = keras.Input((3, 8, 8))
    x = layers.Conv2D(4, 3, data_format="channels_first", activation="relu")(image)
    x = layers.GlobalAveragePooling2D(data_format="channels_first")(x)
    with pytest.raises(ValueError, match="channels_first"):
        STNet(keras.Model(image, layers.Dense(3)(x)))
