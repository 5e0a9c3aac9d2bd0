"""What all explainers promise: batches, many classes, errors, and agreement with formulas."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfwsol.methods import CAM, L2CAF, GradCAM, LayerCAM

METHODS = {
    "cam": CAM,
    "gradcam": GradCAM,
    "layercam": LayerCAM,
    "exact": lambda model: L2CAF(model, solver="exact"),
    "reference": lambda model: L2CAF(model, solver="reference", max_iterations=60),
    "lbfgs": lambda model: L2CAF(model, solver="lbfgs"),
    "power": lambda model: L2CAF(model, solver="power"),
}


def classifier(activation="softmax", relu=True, seed=0, size=(24, 32)):
    keras.utils.set_random_seed(seed)
    image = keras.Input((*size, 3))
    x = layers.Conv2D(8, 3, 2, activation="relu", padding="same")(image)
    x = layers.Conv2D(12, 3, 2, activation="relu" if relu else None, padding="same", name="map")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(5, activation=activation, name="head")(x))


@pytest.fixture(scope="module")
def model():
    return classifier()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).normal(size=(3, 24, 32, 3)).astype("float32")


@pytest.fixture(scope="module", params=list(METHODS))
def method(request, model):
    return METHODS[request.param](model)


def test_record(method, images):
    result = method.localize(images, top_k=2)
    assert result.maps.shape == (3, 2, 6, 8)
    assert result.maps.dtype == tf.float32
    assert result.class_ids.dtype == tf.int32
    assert result.image_size == (24, 32)
    scores = result.scores.numpy()
    np.testing.assert_array_equal(result.class_ids, np.argsort(-scores, axis=1)[:, :2])


def test_scores_are_logits(model, images):
    scores = CAM(model).localize(images).scores
    np.testing.assert_allclose(tf.nn.softmax(scores), model(images), atol=1e-6)


def test_batch_equals_singles_and_many_classes_equal_many_runs(method, images):
    ids = np.array([[0, 3], [4, 1], [2, 2]])
    together = method.localize(images, ids)
    for i in range(3):
        for t in range(2):
            alone = method.localize(images[i : i + 1], ids[i : i + 1, t])
            np.testing.assert_allclose(together.maps[i, t], alone.maps[0, 0], atol=2e-5)
            for name, values in alone.details.items():
                if name == "iterations":
                    continue  # a search ends by its rounding, which processors differ in
                ours = np.asarray(together.details[name], np.float64)[i, t]
                np.testing.assert_allclose(ours, np.asarray(values)[0, 0], rtol=1e-4, atol=2e-5)


def test_class_ids_in_every_form(method, images):
    by_int = method.localize(images, 2)
    by_image = method.localize(images, [2, 2, 2])
    many = method.localize(images, [[2, 0]] * 3)
    np.testing.assert_array_equal(by_int.maps, by_image.maps)
    np.testing.assert_allclose(by_int.maps[:, 0], many.maps[:, 0], atol=2e-5)
    assert by_int.class_ids.numpy().tolist() == [[2], [2], [2]]


@pytest.mark.parametrize(
    ("class_ids", "words"),
    [
        (5, "out of range"),
        (-1, "out of range"),
        ([[0, 9]] * 3, "out of range"),
        ([0, 1], r"\[3\] or \[3, K\]"),
        (0.5, "integers"),
        ([[]] * 3, r"\[3\] or \[3, K\]"),
    ],
)
def test_wrong_class_ids(method, images, class_ids, words):
    with pytest.raises(ValueError, match=words):
        method.localize(images, class_ids)


def test_wrong_top_k(method, images):
    with pytest.raises(ValueError, match="from 1 to 5"):
        method.localize(images, top_k=6)


def test_the_model_stays_as_it_was(method, model, images):
    before = model(images).numpy()
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    method.localize(images)
    np.testing.assert_array_equal(model(images), before)
    assert [len(layer._inbound_nodes) for layer in model.layers] == nodes


def test_weights_are_read_anew(images):
    model = classifier(seed=3)
    method = L2CAF(model, sign="signed")
    before = method.localize(images, 0).maps.numpy()
    model.get_layer("head").kernel.assign(-model.get_layer("head").kernel)
    assert np.abs(method.localize(images, 0).maps.numpy() - before).max() > 1e-3


def features_of(model, images):
    return keras.Model(model.inputs, model.get_layer("map").output)([images]).numpy()


def test_cam_formula(model, images):
    kernel = model.get_layer("head").kernel.numpy()
    expected = features_of(model, images) @ kernel[:, 2]
    np.testing.assert_allclose(CAM(model).localize(images, 2).maps[:, 0], expected, rtol=1e-4)


def test_grad_cam_formula(model, images):
    # With a pooled linear tail every gradient is the weight over the number of cells.
    kernel = model.get_layer("head").kernel.numpy()
    expected = np.maximum(features_of(model, images) @ kernel[:, 2], 0) / 48
    maps = GradCAM(model).localize(images, 2).maps[:, 0]
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-7)


def test_layer_cam_formula(model, images):
    kernel = model.get_layer("head").kernel.numpy()
    expected = np.maximum(features_of(model, images) @ np.maximum(kernel[:, 2], 0), 0) / 48
    maps = LayerCAM(model).localize(images, 2).maps[:, 0]
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-7)


def test_cam_refuses_a_tail_it_does_not_fit():
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="map")(image)
    model = keras.Model(image, layers.Dense(3)(layers.Flatten()(x)))
    with pytest.raises(ValueError, match="CAM needs a layer"):
        CAM(model)


def test_a_class_of_an_embedding_is_refused():
    image = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image))
    model = keras.Model(image, layers.UnitNormalization()(layers.Dense(6)(x)))
    for build in (GradCAM, L2CAF):
        with pytest.raises(ValueError, match="does not end in a linear classifier"):
            build(model)
    result = L2CAF(model, objective="class_oblivious").localize(np.ones((2, 16, 16, 3), "float32"))
    assert result.class_ids.numpy().tolist() == [[-1], [-1]]


def test_a_single_image_without_batch_axis_is_refused(model):
    with pytest.raises(ValueError, match="batch"):
        CAM(model).localize(np.ones((24, 32, 3), "float32"))


def test_a_model_without_maps_is_refused():
    model = keras.Sequential([keras.Input((8,)), layers.Dense(3)])
    with pytest.raises(ValueError, match="no tensor with a height and a width"):
        GradCAM(model)


def test_something_else_than_a_model_is_refused():
    with pytest.raises(TypeError, match="Expected a Keras 3 model"):
        GradCAM("resnet50")


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = layers.Conv2D(4, 3, activation="relu")
        self.head = layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.head(keras.ops.mean(self.stem(x), axis=(1, 2)))


def test_explainers_of_a_place_share_the_forward_pass(model, images):
    for shared in (model, Subclassed()):
        sight = GradCAM(shared).see(images)
        result = L2CAF(shared, solver="lbfgs").explain(sight, 1)
        alone = L2CAF(shared, solver="lbfgs").localize(images, 1)
        np.testing.assert_array_equal(result.maps, alone.maps)
    with pytest.raises(ValueError, match="another model or layer"):
        GradCAM(classifier()).explain(sight)


def test_a_subclassed_model_dies_with_its_explainers(images):
    subclassed = Subclassed()
    explainer = GradCAM(subclassed)
    explainer.localize(images)
    gone = weakref.ref(subclassed)
    del subclassed, explainer
    keras.utils.clear_session()
    gc.collect()
    assert gone() is None
