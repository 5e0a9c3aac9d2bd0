"""New layers in subclassed models, which have no graph: places, sharing, saving, refusals."""

import copy

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfwsol.graph import cut_model, insert_after
from tfwsol.graph.inserted_layers import InsertedLayers, places_in
from tfwsol.layers import AttentionFilter


@keras.saving.register_keras_serializable(package="tfwsol_tests")
class Double(keras.Layer):
    def call(self, inputs):
        return inputs * 2.0


@keras.saving.register_keras_serializable(package="tfwsol_tests")
class Noted(keras.Layer):
    """Notes whether it trains."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seen = []

    def call(self, inputs, training=None):
        self.seen.append(training)
        return inputs


@keras.saving.register_keras_serializable(package="tfwsol_tests")
class Small(keras.Model):
    """A list, a nested functional model and a normalisation that never trains."""

    def __init__(self, **options):
        super().__init__(**options)
        self._first = layers.Conv2D(3, 1)
        image = keras.Input((4, 4, 3))
        self.inner = keras.Model(image, layers.ReLU()(layers.Conv2D(3, 1)(image)))
        self.rest = {"norm": layers.BatchNormalization(), "pools": [layers.MaxPooling2D()]}

    def call(self, inputs):
        x = self.inner(self._first(inputs))
        return self.rest["pools"][0](self.rest["norm"](x, training=False))


PLACES = ["_first", "inner", "inner/0", "inner/1", "inner/2", "rest/norm", "rest/pools/0"]


@pytest.fixture
def batch(images):
    return images(2, 4, 4, 3)


def test_places_go_along_attributes_and_lists(batch):
    model = Small()
    assert list(places_in(model)) == PLACES
    model(batch)
    model.compile("sgd", "mse")
    assert list(places_in(model)) == PLACES
    assert places_in(model)["inner/1"] is model.inner.layers[1]


@pytest.mark.parametrize("place", ["_first", "inner/1", "rest/pools/0"])
def test_what_a_layer_gives_goes_through_the_new_one(batch, difference, place):
    model = Small()
    expected = model(batch)
    layer = places_in(model)[place]
    own = layer.call
    vars(layer)["call"] = lambda inputs: own(inputs) * 2.0
    doubled = model(batch)
    del vars(layer)["call"]
    result = insert_after(model, {place: Double})
    assert difference(result(batch), doubled) < 1e-6
    assert difference(model(batch), expected) == 0
    by_name = insert_after(model, {layer.name: Double})
    assert difference(by_name(batch), doubled) < 1e-6


def test_one_layer_follows_every_call(own_net, difference):
    net, _, batch = own_net
    made = []

    def factory():
        made.append(Double())
        return made[-1]

    result = insert_after(net, {"second": factory})
    assert len(made) == 1
    x = net.bn(net.first(batch), training=False)
    x = net.second(net.second(x) * 2.0) * 2.0
    assert difference(result(batch), net.fc(net.pool(x))) < 1e-6


def test_the_new_layer_trains_where_the_model_does(batch):
    """Also behind a layer that its author keeps from training."""
    noted = Noted()
    result = insert_after(Small(), {"rest/norm": noted})
    for training in (True, False, None):
        result(batch, training=training)
        assert bool(noted.seen[-1]) == bool(training)


@pytest.mark.parametrize("is_built", [False, True])
def test_weights_of_new_layers_train_and_are_saved(batch, difference, tmp_path, is_built):
    model = Small()
    if is_built:
        model(batch)
    result = insert_after(model, {"_first": AttentionFilter})
    assert is_built == (len(result.weights) == len(model.weights) + 1 == 9)
    result.compile("sgd", "mse")
    start = np.asarray(result(batch))
    assert len(result.weights) == 9
    result.fit(batch, np.ones((2, 2, 2, 3)), epochs=3, verbose=0)
    trained = result(batch)
    assert difference(trained, start) > 1e-4
    result.save(tmp_path / "result.keras")
    loaded = keras.saving.load_model(tmp_path / "result.keras")
    assert isinstance(loaded, InsertedLayers)
    assert difference(loaded(batch), trained) < 1e-6


def test_a_shared_layer_stays_one_through_a_file(batch, tmp_path):
    shared = AttentionFilter()
    result = insert_after(Small(), {"_first": shared, "inner/1": shared})
    result(batch)
    assert len(result.trainable_weights) == 7
    result.save(tmp_path / "result.keras")
    loaded = keras.saving.load_model(tmp_path / "result.keras")
    assert len(loaded.trainable_weights) == 7


def test_a_copy_has_its_own_layers(batch, difference):
    result = insert_after(Small(), {"_first": Double})
    expected = result(batch)
    again = copy.deepcopy(result)
    result.model._first.kernel.assign(result.model._first.kernel * 0.0)
    assert difference(again(batch), expected) < 1e-6
    assert difference(result(batch), expected) > 1e-4


def test_twice_in_a_row(batch, difference, tmp_path):
    once = insert_after(Small(), {"rest/pools/0": Double})
    twice = insert_after(once, {"rest/pools/0": Double, "_first": layers.Identity})
    assert difference(twice(batch), once(batch) * 2.0) < 1e-6
    twice.save(tmp_path / "twice.keras")
    loaded = keras.saving.load_model(tmp_path / "twice.keras")
    assert difference(loaded(batch), twice(batch)) < 1e-6


def test_a_call_that_its_author_compiled(batch, difference):
    class Compiled(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(2, 1, name="conv")

        @tf.function
        def call(self, inputs):
            return self.conv(inputs)

    model = Compiled()
    expected = model(batch)
    assert difference(insert_after(model, {"conv": Double})(batch), expected * 2.0) < 1e-6
    assert difference(model(batch), expected) == 0


def test_explainers_see_both(own_net, difference):
    """A cut before the new layer leads to the model's logits, too."""
    net, _, batch = own_net
    result = insert_after(net, {"first": lambda: Double(name="double")})
    for place in ("first", "double"):
        cut = cut_model(result, place)
        tensor, context, logits = cut.forward(batch)
        assert difference(cut.logits(tensor, context), logits) < 1e-5
        assert difference(tensor, net.first(batch) * (2.0 if place == "double" else 1.0)) < 1e-6


def test_what_cannot_be_done_is_one_sentence(batch):
    class Trains(Small):
        def train_step(self, data):
            return {}

    with pytest.raises(ValueError, match=r"has a train_step of its own, .* in the class itself"):
        insert_after(Trains(), {"_first": Double})
    with pytest.raises(ValueError, match=r"no layer 'frst'; did you mean \['_first'"):
        insert_after(Small(), {"frst": Double})
    with pytest.raises(ValueError, match=r"no layers at \['gone'\] .* it has \['_first'"):
        InsertedLayers(Small(), {"gone": Double()})
    model = Small()
    with pytest.raises(ValueError, match="mean the same layer '_first'"):
        insert_after(model, {"_first": Double, model._first.name: Double})
    model.inner.layers[1].name = model._first.name
    with pytest.raises(
        ValueError, match=r"2 layers .*; name one by its path: \['_first', 'inner/1'"
    ):
        insert_after(model, {model._first.name: Double})
