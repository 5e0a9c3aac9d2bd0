"""STNet as an explainer: records, classes, kinds of model, and answers that are right."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfwsol.boxes import of
from tfwsol.methods import STNet

SIZE = (24, 32)


def classifier(seed=0):
    keras.utils.set_random_seed(seed)
    image = keras.Input((*SIZE, 3), name="image")
    x = layers.Conv2D(8, 3, 2, activation="relu", padding="same", name="first")(image)
    x = layers.Conv2D(12, 3, 2, activation="relu", padding="same", name="map")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(5, activation="softmax", name="head")(x))


@pytest.fixture(scope="module")
def model():
    return classifier()


@pytest.fixture(scope="module")
def method(model):
    return STNet(model, "general", "first", keep_gates=True)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).normal(size=(3, *SIZE, 3)).astype("float32")


def traces(method):
    forward = method._cut.compiled["forward"]
    return [f.experimental_get_tracing_count() for f in (forward, method._explain)]


def test_record(method, model, images):
    result = method.localize(images, top_k=2)
    assert result.maps.shape == (3, 2, 12, 16)
    assert result.maps.dtype == tf.float32
    assert result.image_size == SIZE
    assert result.details["gates"].shape == (3, 2, 12, 16, 8)
    assert method.layers == ("head", "pool", "map")
    for name in ("mass", "dropped"):
        assert result.details[name].shape == (3, 2)
        assert result.details[f"layer_{name}"].shape == (3, 2, 3)
    np.testing.assert_allclose(result.details["mass"], np.array(result.maps).sum((2, 3)), rtol=1e-5)
    dropped = np.array(result.details["layer_dropped"]).sum(-1)
    np.testing.assert_allclose(result.details["dropped"], dropped, atol=1e-6)
    scores = np.array(result.scores)
    np.testing.assert_array_equal(result.class_ids, np.argsort(-scores, axis=1)[:, :2])
    np.testing.assert_allclose(tf.nn.softmax(scores), model(images), atol=1e-6)


def test_batch_equals_singles_and_many_classes_equal_many_runs(method, images):
    ids = np.array([[0, 3], [4, 1], [2, 2]])
    together = np.array(method.localize(images, ids).maps)
    for i, t in np.ndindex(ids.shape):
        alone = np.array(method.localize(images[i : i + 1], ids[i : i + 1, t]).maps)[0, 0]
        np.testing.assert_allclose(together[i, t], alone, rtol=1e-3, atol=1e-6)


def test_many_calls_are_one_trace_per_shape(model, images):
    method = STNet(model, "general")
    for form in ("float32", "float64"):
        for ids in (None, 2, [1, 2, 3], np.arange(3)[:, None]):
            method.localize(images.astype(form), ids)
    assert traces(method) == [1, 1]
    method.localize(images, top_k=2)
    assert traces(method) == [1, 2]
    method.localize(images[:2])
    assert traces(method) == [2, 3]


def test_weights_are_read_anew(images):
    model = classifier(seed=3)
    method = STNet(model, "general")
    before = np.array(method.localize(images).maps)
    model.set_weights(classifier(seed=4).get_weights())
    after = np.array(method.localize(images).maps)
    wanted = STNet(model, "general").localize(images).maps
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_array_equal(after, wanted)
    assert traces(method) == [1, 1]


def test_the_model_stays_as_it_was(method, model, images):
    before = model(images).numpy()
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    method.localize(images)
    np.testing.assert_array_equal(model(images), before)
    assert [len(layer._inbound_nodes) for layer in model.layers] == nodes


def nested(model):
    image = keras.Input((*SIZE, 3))
    body = keras.Model(model.inputs, model.get_layer("map").output, name="body")
    x = layers.GlobalAveragePooling2D()(body(image))
    return keras.Model(image, model.get_layer("head")(x))


def sequential(model):
    return keras.Sequential([keras.Input((*SIZE, 3)), *model.layers[1:]])


@pytest.mark.parametrize("form", [nested, sequential])
def test_kinds_of_model(form, method, model, images):
    stop = "body/first" if form is nested else "first"
    maps = STNet(form(model), "general", stop).localize(images, 1).maps
    np.testing.assert_allclose(maps, method.localize(images, 1).maps, rtol=1e-4, atol=1e-6)


def test_reloaded(tmp_path, method, model, images):
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    maps = STNet(loaded, "general", "first").localize(images, 1).maps
    np.testing.assert_allclose(maps, method.localize(images, 1).maps, rtol=1e-4, atol=1e-6)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="subclassed")
        self.conv, self.pool = layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()
        self.head = layers.Dense(3)

    def call(self, images):
        return self.head(self.pool(self.conv(images)))


def test_models_without_a_graph():
    with pytest.raises(ValueError, match="subclassed model 'subclassed' shows none"):
        STNet(Subclassed())
    with pytest.raises(TypeError, match="Expected a Keras 3 model"):
        STNet("vgg16")


def test_wrong_arguments(model):
    with pytest.raises(ValueError, match="Expected to collapse"):
        STNet(model, collapse="mean")
    embedding = keras.Model(model.inputs, layers.UnitNormalization()(model.layers[-2].output))
    with pytest.raises(ValueError, match="STNet asks about a class"):
        STNet(embedding)


def test_collapse(model, images):
    sums, highest = (
        STNet(model, "general", "first", collapse=way, keep_gates=True).localize(images, 1)
        for way in ("sum", "max")
    )
    gates = np.array(sums.details["gates"])
    np.testing.assert_allclose(sums.maps, gates.sum(-1), rtol=1e-5)
    np.testing.assert_allclose(highest.maps, gates.max(-1), rtol=1e-5)


def colours():
    """A network that knows red (class 0) and green (class 1) things by hand-set weights."""
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="colours")(image)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(3, 3, padding="same", activation="relu", name="things")(x)
    model = keras.Model(image, layers.Dense(2, name="head")(layers.GlobalAveragePooling2D()(x)))
    spot = np.zeros((3, 3, 3, 3), "float32")
    spot[:, :, range(3), range(3)] = 1 / 9
    for name in ("colours", "things"):
        model.get_layer(name).set_weights([spot, np.zeros(3, "float32")])
    head = np.array([[1, -0.5], [-0.5, 1], [0, 0]], "float32")
    model.get_layer("head").set_weights([head, np.zeros(2, "float32")])
    return model


def test_two_objects_have_two_boxes():
    picture = np.zeros((1, 32, 32, 3), "float32")
    red, green = (3, 4, 13, 16), (18, 15, 28, 29)
    for channel, (x0, y0, x1, y1) in enumerate((red, green)):
        picture[0, y0:y1, x0:x1, channel] = 1
    found = STNet(colours(), "general").localize(picture, [[0, 1]])
    boxes = of(found, "stnet", 1.0)[0]
    for box, thing in zip(boxes, (red, green), strict=True):
        np.testing.assert_allclose(box, thing, atol=2.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNet", "ResNet50", "DenseNet121", "VGG16"])
def test_networks_of_keras(name):
    options = {} if name in ("MobileNetV2", "MobileNet") else {"classes": 20}
    model = getattr(keras.applications, name)(weights=None, input_shape=(64, 64, 3), **options)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.ndim > 1:
            # Keras' own start lets the activations of deep networks vanish.
            inputs = np.prod(weight.shape[: 2 if weight.shape[-1] == 1 else -1])
            weight.assign(rng.normal(size=weight.shape) * np.sqrt(2 / inputs))
    images = rng.uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    found = STNet(model, modes={"bridge": "ALL"}, keep_gates=True).localize(images)
    maps, dropped = np.array(found.maps), np.array(found.details["layer_dropped"]).sum(-1)
    assert (np.array(found.details["layer_mass"])[..., :2] > 0.5).all()
    assert np.isfinite(maps).all()
    np.testing.assert_allclose(maps.sum((2, 3)) + dropped, 1, rtol=1e-3)
