import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.methods import build
from tfwsol.methods.networks.trunk import class_activation_network, trunk_of

CLASSES = 4
SIDE = 24


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0, 255, (2, SIDE, SIDE, 3)).astype("float32")


def convolutions(image):
    x = keras.layers.Conv2D(6, 3, 2, activation="relu", name="one")(image)
    return keras.layers.Conv2D(8, 3, activation="relu", name="two")(x)


def dense_classifier(activation=None):
    image = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.GlobalAveragePooling2D()(convolutions(image))
    x = keras.layers.Dropout(0.3)(x)
    dense = keras.layers.Dense(CLASSES, activation=activation, bias_initializer="normal")
    return keras.Model(image, dense(x), name="own")


def convolution_classifier():
    image = keras.Input((SIDE, SIDE, 3))
    maps = keras.layers.Conv2D(CLASSES, 1, bias_initializer="normal")(convolutions(image))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(maps), name="own")


def sequential_classifier():
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            keras.layers.Conv2D(8, 3, activation="relu", name="two"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(CLASSES),
        ],
        name="own",
    )


KEPT = {
    "dense": dense_classifier,
    "convolution": convolution_classifier,
    "sequential": sequential_classifier,
    "critter_net": lambda: backbones.critter_net(CLASSES, (SIDE, SIDE, 3)),
    "vgg16": lambda: backbones.vgg16(CLASSES, input_shape=(SIDE, SIDE, 3)),
}


@pytest.mark.parametrize("kind", KEPT)
def test_a_classifier_for_as_many_classes_keeps_its_answer(kind, images):
    given = KEPT[kind]()
    model = build("cam", given, CLASSES)
    assert np.allclose(model(images), given(images), rtol=1e-4, atol=1e-5)
    assert model.network.name == given.name
    maps = np.asarray(model.network(images)["class_maps"])
    assert np.allclose(maps.mean((1, 2)), given(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KEPT)
def test_a_classifier_for_others_keeps_its_trunk(kind, images):
    given = KEPT[kind]()
    model = build("cam", given, CLASSES + 1)
    assert model.output_shape == (None, CLASSES + 1)
    given, found = ({id(v) for v in one.trainable_variables} for one in (given, model))
    assert len(given & found) == len(given) - 2 == len(found) - 2


def test_a_softmax_is_left_out(images):
    given = dense_classifier("softmax")
    logits = build("cam", given, CLASSES)(images)
    assert np.allclose(keras.ops.softmax(logits), given(images), atol=1e-5)
    assert np.ptp(np.asarray(keras.ops.sum(logits, axis=1))) > 0


def test_a_classifier_behind_hidden_layers_is_not_kept(images):
    image = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.GlobalAveragePooling2D()(convolutions(image))
    x = keras.layers.Dense(8, activation="relu")(x)
    given = keras.Model(image, keras.layers.Dense(CLASSES)(x))
    model = build("cam", given, CLASSES)
    assert len(model.trainable_variables) == 4 + 2
    assert model.localize(images).maps.shape == (2, 1, 9, 9)


def test_networks_that_end_with_their_last_map(images):
    image = keras.Input((SIDE, SIDE, 3))
    model = build("cam", keras.Model(image, convolutions(image)), CLASSES)
    assert model.localize(images).maps.shape == (2, 1, 9, 9)
    nested = keras.Sequential(
        [keras.Input((SIDE, SIDE, 3)), keras.Model(image, convolutions(image), name="body")]
    )
    assert build("cam", nested, CLASSES).localize(images).maps.shape == (2, 1, 9, 9)


@pytest.mark.parametrize("include_top", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_network_of_keras_applications(include_top):
    options = {"classes": CLASSES} if include_top else {}
    given = keras.applications.MobileNetV2(
        (64, 64, 3), alpha=0.35, weights=None, include_top=include_top, **options
    )
    images = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    model = build("adl", given, CLASSES, positions=["block_13_expand_relu", "out_relu"])
    assert model.localize(images).maps.shape == (2, 1, 2, 2)
    if include_top:
        wanted = np.log(np.asarray(given(images)))
        found = np.asarray(keras.ops.log_softmax(model(images)))
        assert np.allclose(found, wanted, atol=1e-4)
    fine = build("cam", given, CLASSES, output_stride=16) if not include_top else None
    assert fine is None or fine.localize(images).maps.shape == (2, 1, 4, 4)


class Subclassed(keras.Model):
    def call(self, images):
        return images


def two_inputs():
    images = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
    return keras.Model(images, keras.layers.Add()(images))


def without_a_map():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, keras.layers.Dense(4)(keras.layers.Flatten()(image)))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (Subclassed, "one input of images, but .* is a Subclassed"),
        (two_inputs, "one input of images"),
        (without_a_map, "has no map"),
        (keras.Sequential, "functional or built Sequential"),
    ],
)
def test_models_without_a_trunk(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        trunk_of(make())


def test_a_head_of_any_form(images):
    network = class_activation_network(
        trunk_of(dense_classifier()), CLASSES, form="convolution", dropout=0.5
    )
    assert set(network.output) == {"logits", "class_maps"}
    assert network.get_layer("head").form == "convolution"
