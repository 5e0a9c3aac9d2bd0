"""The classifier of a class activation map: both forms by formula, found by graph surgery."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfwsol import graph
from tfwsol.graph.head import find_head
from tfwsol.graph.split import graph_of
from tfwsol.layers import ADL, ClassActivationHead
from tfwsol.layers.class_activation_head import FORMS
from tfwsol.methods import CAM


def lively(model, seed=0):
    rng = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    return model


def features_of(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def network(form, **options):
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="features")(image)
    head = ClassActivationHead(4, 6, form, name="head", **options)
    return lively(keras.Model(image, head(x)[0]))


@pytest.mark.parametrize("form", FORMS)
def test_logits_are_the_means_of_the_class_maps(form):
    head = lively(ClassActivationHead(5, 6, form))
    x = features_of(2, 3, 4, 6)
    bias = np.asarray(head.weights[1])
    maps = x @ np.asarray(head.class_weights) + bias
    logits, own = head(x)
    np.testing.assert_allclose(own, maps, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(logits, maps.mean(axis=(1, 2)), rtol=1e-4, atol=1e-5)


def test_both_forms_are_one_function_of_their_weights():
    dense, convolution = (ClassActivationHead(5, 6, form) for form in FORMS)
    lively(dense)
    convolution.set_weights([np.asarray(dense.class_weights)[None, None], dense.get_weights()[1]])
    x = features_of(2, 3, 4, 6)
    for one, other in zip(dense(x), convolution(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_surgery_sees_through_it(form):
    model = network(form, dropout=0.5)
    found = find_head(graph_of(model))
    head = model.get_layer("head")
    assert found.layer is head.classifier
    assert found.pools == (form == "convolution")
    np.testing.assert_array_equal(found.weights(6)[0], head.class_weights)
    changed = graph.insert_after(model, {"features": ADL})
    x = features_of(2, 8, 8, 3)
    np.testing.assert_array_equal(changed(x), model(x))


@pytest.mark.parametrize("form", FORMS)
def test_an_explainer_gives_the_same_map(form):
    model = network(form)
    x = features_of(2, 8, 8, 3)
    shown = np.asarray(CAM(model, layer="features").localize(x, class_ids=[1, 3]).maps)[:, 0]
    part = keras.Model(model.input, model.get_layer("features").output)
    maps = np.asarray(model.get_layer("head")(part(x))[1])
    for one, own, label in zip(shown, maps, (1, 3), strict=True):
        own = own[..., label]
        spread = [(a - a.min()) / (a.max() - a.min()) for a in (one, own)]
        np.testing.assert_allclose(*spread, atol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_maps_and_logits_in_one_graph(form):
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(6, 3)(image)
    head = ClassActivationHead(4, 6, form)
    model = keras.Model(image, dict(zip(("logits", "maps"), head(x), strict=True)))
    for size in (5, 9):
        result = model(features_of(2, size, size + 1, 3))
        assert result["maps"].shape == (2, size - 2, size - 1, 4)
        means = np.asarray(result["maps"]).mean(axis=(1, 2))
        np.testing.assert_allclose(result["logits"], means, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_unknown_sizes_compiled(form, jit):
    head = lively(ClassActivationHead(5, 6, form))
    spec = tf.TensorSpec((None, None, None, 6))
    compiled = tf.function(head.call, input_signature=[spec], jit_compile=jit)
    for shape in [(1, 2, 3, 6), (3, 5, 4, 6)]:
        x = features_of(*shape)
        for one, other in zip(compiled(x), head(x), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_mixed_precision():
    head = ClassActivationHead(5, 6, dtype="mixed_bfloat16")
    for result in head(features_of(2, 3, 3, 6)):
        assert keras.backend.standardize_dtype(result.dtype) == "bfloat16"
    assert {v.dtype for v in head.weights} == {"float32"}
    again = ClassActivationHead.from_config(head.get_config())
    assert keras.backend.standardize_dtype(again(features_of(2, 3, 3, 6))[0].dtype) == "bfloat16"


@pytest.mark.parametrize("form", FORMS)
def test_dropout_in_training_only(form):
    head = lively(ClassActivationHead(5, 64, form, dropout=0.5))
    x = features_of(2, 3, 3, 64)
    logits = np.asarray(head(x)[0])
    np.testing.assert_array_equal(head(x, training=False)[0], logits)
    assert np.abs(np.asarray(head(x, training=True)[0]) - logits).max() > 0.1


def test_the_published_start():
    head = ClassActivationHead(200, 1024)
    assert np.asarray(head.class_weights).std() == pytest.approx(0.01, rel=0.02)
    assert not np.asarray(head.get_weights()[1]).any()
    assert head.count_params() == 1025 * 200


def test_fit_in_a_subclassed_model():
    class Classifier(keras.Model):
        def __init__(self):
            super().__init__()
            self.features = layers.Conv2D(4, 3, activation="relu")
            self.head = ClassActivationHead(2, 4, "convolution")

        def call(self, images):
            return self.head(self.features(images))[0]

    keras.utils.set_random_seed(0)
    model = Classifier()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    rng = np.random.default_rng(0)
    loss = model.fit(features_of(8, 6, 6, 3), rng.normal(size=(8, 2)), epochs=5, verbose=0)
    assert loss.history["loss"][-1] < loss.history["loss"][0]
    assert len(model.trainable_variables) == 4


def test_configuration_round_trip():
    initializer = keras.initializers.Constant(0.5)
    head = ClassActivationHead(3, 2, "convolution", 0.25, initializer, name="mine")
    head.trainable = False
    twin = ClassActivationHead.from_config(head.get_config())
    assert twin.get_config() == head.get_config()
    assert (twin.name, twin.form, twin.dropout, twin.trainable) == (
        "mine",
        "convolution",
        0.25,
        False,
    )
    np.testing.assert_array_equal(twin.class_weights, np.full((2, 3), 0.5))


def test_a_clone_has_weights_of_its_own():
    model = network("dense")
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    x = features_of(2, 8, 8, 3)
    np.testing.assert_array_equal(twin(x), model(x))
    assert not {id(v) for v in twin.weights} & {id(v) for v in model.weights}


@pytest.mark.parametrize("form", FORMS)
def test_surgery_reaches_inside(form):
    model = network(form)
    changed = graph.insert_after(model, {"head/logits": keras.layers.Identity})
    x = features_of(2, 8, 8, 3)
    np.testing.assert_array_equal(changed(x), model(x))
    assert [id(v) for v in changed.weights] == [id(v) for v in model.weights]


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"one of \['dense', 'convolution'\], but 'conv' came"):
        ClassActivationHead(3, 2, "conv")
    with pytest.raises(ValueError, match="num_classes to be a whole number of at least 1"):
        ClassActivationHead(0, 2)
    with pytest.raises(ValueError, match="channels to be a whole number of at least 1"):
        ClassActivationHead(3, None)
    with pytest.raises(ValueError, match="dropout to be a number between 0 and 1"):
        ClassActivationHead(3, 2, dropout=2)
