"""Subclassed models, watched while they run and left as they were."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tfwsol.graph.capture import LayerCall, choose_call, logits_of, run_recorded
from tfwsol.graph.watching import sub_layers


def assert_unwrapped(model):
    assert not any("call" in vars(layer) for layer in [model, *sub_layers(model)])


def test_calls_are_recorded_in_order(own_net, difference):
    net, _, batch = own_net
    output, calls = run_recorded(net, batch)
    names = ["first", "bn", "second", "second", "pool", "dropout", "fc"]
    assert [call.layer.name for call in calls] == names
    assert [call.index for call in calls] == [0, 0, 0, 1, 0, 0, 0]
    assert difference(calls[0].inputs, batch) == 0
    assert calls[4].inputs is calls[3].output
    assert calls[-1].output is output
    assert_unwrapped(net)
    assert difference(net(batch), output) == 0


def test_one_call_of_a_layer_is_replaced(own_net, difference):
    net, _, batch = own_net
    _, calls = run_recorded(net, batch)
    once = calls[2]
    output, _ = run_recorded(net, batch, once, once.output * 0.5)
    expected = net.fc(net.pool(net.second(once.output * 0.5)))
    assert difference(output, expected) < 1e-6
    assert difference(output, net(batch)) > 1e-4


def test_an_exception_inside_leaves_nothing_behind(own_net, difference):
    net, _, batch = own_net
    before = net(batch)
    with pytest.raises(ValueError, match="incompatible"):
        run_recorded(net, batch[..., :2])
    assert_unwrapped(net)
    _, calls = run_recorded(net, batch)
    with pytest.raises(ValueError, match="expected"):
        run_recorded(net, batch, calls[0], calls[0].output[..., :3])
    assert_unwrapped(net)
    assert difference(net(batch), before) == 0


def test_the_model_can_be_trained_afterwards(own_net):
    net, _, batch = own_net
    run_recorded(net, batch)
    net.compile("sgd", "sparse_categorical_crossentropy")
    net.fit(batch, np.arange(4), verbose=0)
    net.predict(batch, verbose=0)
    _, calls = run_recorded(net, batch)
    assert len(calls) == 7


def test_a_call_set_on_the_instance_comes_back(own_net):
    """Some libraries replace `call` on a layer themselves."""
    net, _, batch = own_net
    own = net.first.call
    vars(net.first)["call"] = own
    run_recorded(net, batch)
    assert vars(net.first).pop("call") is own


def test_a_model_that_was_never_called_is_built_first(images, difference):
    class Late(keras.Model):
        def build(self, input_shape):
            self.conv = layers.Conv2D(4, 3, name="conv")
            self.fc = layers.Dense(3)
            self.built = True

        def call(self, inputs):
            return self.fc(ops.mean(self.conv(inputs), axis=(1, 2)))

    net, batch = Late(), images(2, 8, 8, 3)
    output, calls = run_recorded(net, batch)
    assert [call.layer.name for call in calls] == ["conv", net.fc.name]
    assert difference(net(batch), output) == 0


def test_layers_called_by_keyword(images, difference):
    class ByKeyword(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(4, 3, name="conv")

        def call(self, inputs):
            return self.conv(inputs=inputs)

    net, batch = ByKeyword(), images(2, 8, 8, 3)
    _, (call,) = run_recorded(net, batch)
    assert difference(call.inputs, batch) == 0


def test_a_call_compiled_by_its_author(images, difference):
    class Compiled(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(4, 3, name="conv")
            self.block = CompiledBlock(name="block")

        @tf.function
        def call(self, inputs):
            return self.block(self.conv(inputs))

    class CompiledBlock(keras.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inner = layers.Conv2D(3, 3, name="inner")

        @tf.function
        def call(self, inputs):
            return ops.mean(self.inner(inputs), axis=(1, 2))

    net, batch = Compiled(), images(2, 8, 8, 3)
    expected = net(batch)

    @tf.function(autograph=False)
    def inner_and_output(images):
        output, calls = run_recorded(net, images)
        return choose_call(net, calls, "inner").output, output

    inner, output = inner_and_output(batch)
    assert difference(output, expected) < 1e-6
    assert difference(ops.mean(inner, axis=(1, 2)), expected) < 1e-6
    assert_unwrapped(net)


def test_choosing_a_call(own_net):
    net, _, batch = own_net
    _, calls = run_recorded(net, batch)
    assert choose_call(net, calls, None) is calls[3]
    assert choose_call(net, calls, "first") is calls[0]
    assert choose_call(net, calls, net.bn) is calls[1]
    assert choose_call(net, calls, ("second", 0)) is calls[2]
    assert choose_call(net, calls, (net.second, -1)) is calls[3]
    with pytest.warns(UserWarning, match="'second' is called 2 times; its last call is used"):
        assert choose_call(net, calls, "second") is calls[3]
    with pytest.raises(ValueError, match="call index 2 was asked for; use 0 to 1"):
        choose_call(net, calls, ("second", 2))
    with pytest.raises(
        ValueError, match=r"'own_net' has no layer 'secnd'; did you mean \['second'"
    ):
        choose_call(net, calls, "secnd")
    with pytest.raises(ValueError, match="has no layer 'other'"):
        choose_call(net, calls, layers.ReLU(name="other"))
    with pytest.raises(TypeError, match="but int came"):
        choose_call(net, calls, 3)
    with pytest.raises(ValueError, match="made no tensor with a height and a width"):
        choose_call(net, calls[4:], None)
    twin = LayerCall(layers.ReLU(name="first"), 0, None, calls[0].output)
    with pytest.raises(ValueError, match=r"Several layers of .* are called 'first'"):
        choose_call(net, [*calls, twin], "first")


class Head(keras.Model):
    """Pooled features into a classifier that a function makes."""

    def __init__(self, classify):
        super().__init__()
        self.conv = layers.Conv2D(4, 3)
        self.pool = layers.GlobalAveragePooling2D()
        self.classify = classify(layers.Dense(3, name="fc"))

    def call(self, inputs):
        return self.classify(self.pool(self.conv(inputs)))


class RawSoftmax(keras.Layer):
    def __init__(self, fc):
        super().__init__()
        self.fc = fc

    def call(self, inputs):
        return ops.softmax(self.fc(inputs))


def nested(fc):
    vector = keras.Input((4,))
    return keras.Model(vector, layers.Activation("softmax")(fc(vector)))


HEADS = {
    "softmax layer": lambda fc: keras.Sequential([fc, layers.Softmax()]),
    "activation layer": lambda fc: keras.Sequential([fc, layers.Activation("softmax")]),
    "dense": lambda fc: layers.Dense(3, activation="softmax"),
    "dense without bias": lambda fc: layers.Dense(3, activation="softmax", use_bias=False),
    "raw softmax": RawSoftmax,
    "logits": lambda fc: fc,
    "nested functional": nested,
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("traced", [False, True])
def test_logits_before_the_softmax(images, difference, name, traced):
    net, batch = Head(HEADS[name]), images(4, 8, 8, 3)
    expected = net(batch)

    def logits(images):
        return logits_of(*run_recorded(net, images))

    result = (tf.function(logits, autograph=False) if traced else logits)(batch)
    shown = expected if name == "logits" else ops.log(expected)
    # Log-probabilities are logits up to one number per image.
    shift = shown - result
    assert difference(shift, ops.mean(shift, axis=-1, keepdims=True)) < 1e-5
    assert difference(ops.sum(ops.softmax(result), -1), np.ones(4)) < 1e-5
    assert float(ops.max(ops.abs(ops.sum(result, -1) - 1.0))) > 1e-3


def test_sigmoid_scores(images, difference):
    net = Head(lambda fc: layers.Dense(3, activation="sigmoid"))
    batch = images(4, 8, 8, 3)
    assert difference(ops.sigmoid(logits_of(*run_recorded(net, batch))), net(batch)) < 1e-6
