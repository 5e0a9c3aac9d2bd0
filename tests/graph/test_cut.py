"""One face for graph and subclassed models: features, logits, gradients."""

import gc
import weakref

import keras
import pytest
import tensorflow as tf
from keras import layers, ops

from tfwsol.graph import TailForm, cut_model


def gradients(cut, images, class_id=1):
    """∂ logit / ∂ cut tensor, compiled as the explainers do it."""

    @tf.function(autograph=False)
    def forward_and_back(images):
        cut_tensor, context, logits = cut.forward(images)
        with tf.GradientTape() as tape:
            tape.watch(cut_tensor)
            score = cut.logits(cut_tensor, context)[:, class_id]
        return cut_tensor, logits, tape.gradient(score, cut_tensor)

    return forward_and_back(images)


@pytest.mark.parametrize("layer", [None, "first", "bn", ("second", 0), ("second", 1)])
def test_a_subclassed_model_equals_its_functional_twin(own_net, difference, layer):
    net, twin, batch = own_net
    expected = gradients(cut_model(twin, layer), batch)
    for result, reference in zip(gradients(cut_model(net, layer), batch), expected, strict=True):
        assert difference(result, reference) < 1e-6
    assert difference(expected[2], ops.zeros_like(expected[2])) > 1e-4
    assert difference(ops.softmax(expected[1]), net(batch)) < 1e-6


def test_a_subclassed_model_by_layer_object(own_net, difference):
    net, twin, batch = own_net
    result, expected = cut_model(net, net.bn), cut_model(twin, "bn")
    assert difference(result.forward(batch)[0], expected.forward(batch)[0]) < 1e-6
    assert not any("call" in vars(layer) for layer in [net, *net.layers])


def test_a_functional_backbone_in_a_subclass(lively, images, difference):
    class Finetuned(keras.Model):
        def __init__(self):
            super().__init__()
            self.backbone = keras.applications.MobileNet(
                weights=None, include_top=False, input_shape=(64, 64, 3), alpha=0.25
            )
            self.pool = layers.GlobalAveragePooling2D()
            self.fc = layers.Dense(5, activation="softmax")

        def call(self, inputs, training=None):
            features = self.backbone(inputs, training=training)
            return self.fc(self.pool(features))

    net, batch = Finetuned(), images(2, 64, 64, 3)
    net(batch)
    lively(net, batch)
    twin = keras.Model(net.backbone.input, net.fc(net.pool(net.backbone.output)))
    for layer in (None, "conv_pw_13_relu", "conv_pw_11_relu"):
        expected = gradients(cut_model(twin, layer), batch)
        result = gradients(cut_model(net, layer), batch)
        assert [difference(a, b) < 1e-5 for a, b in zip(result, expected, strict=True)] == [
            True
        ] * 3
    assert difference(ops.softmax(expected[1]), net(batch)) < 1e-5


def test_a_sequential_without_a_graph(images, difference):
    """One whose layers Keras cannot run symbolically is watched like a subclass."""

    class Unshaped(keras.Layer):
        def call(self, inputs):
            return inputs * 2.0

        def compute_output_spec(self, inputs):
            raise NotImplementedError

    model = keras.Sequential(
        [layers.Conv2D(4, 3, name="conv"), Unshaped(), layers.GlobalAveragePooling2D()]
    )
    batch = images(2, 8, 8, 3)
    expected = model(batch)
    cut = cut_model(model, "conv")
    cut_tensor, context, logits = cut.forward(batch)
    assert difference(logits, expected) < 1e-6
    assert difference(cut.logits(cut_tensor * 2.0, context), expected * 2.0) < 1e-5


def test_mixed_precision_in_a_subclass(own_net, images, difference):
    net, _, batch = own_net
    keras.config.set_dtype_policy("mixed_float16")
    try:
        half = type(net)()
    finally:
        keras.config.set_dtype_policy("float32")
    half(batch)
    half.set_weights(net.get_weights())
    cut_tensor, logits, gradient = gradients(cut_model(half), batch)
    assert (cut_tensor.dtype, gradient.dtype, logits.dtype) == (tf.float16, tf.float16, tf.float32)
    assert difference(logits, cut_model(net).forward(batch)[2]) < 3e-2


def test_what_a_cut_says_about_its_model(residual_net, own_net):
    cut = cut_model(residual_net, "branch")
    assert (cut.form, cut.has_classifier, cut.feature_channels) == (TailForm.GENERAL, True, 12)
    cut = cut_model(own_net[0])
    assert (cut.form, cut.head, cut.feature_channels) == (TailForm.GENERAL, None, 0)
    with pytest.raises(ValueError, match="classifier is not known"):
        cut.features(None, None)


def test_context_crosses_beside_the_cut(residual_net, images, difference):
    batch = images(3, 16, 16, 3)
    cut = cut_model(residual_net, "branch")
    cut_tensor, context, logits = cut.forward(batch)
    assert [tuple(tensor.shape) for tensor in context] == [(3, 16, 16, 8)]
    assert difference(cut.logits(cut_tensor, context), logits) == 0
    assert difference(ops.softmax(logits), residual_net(batch)) < 1e-6


@pytest.mark.parametrize("subclassed", [False, True])
def test_wrong_layers_and_outputs(own_net, subclassed):
    net, twin, batch = own_net

    def cut(model, layer):
        return cut_model(model, layer).forward(batch)

    model = net if subclassed else twin
    with pytest.raises(ValueError, match=r"Layer 'pool' has no spatial extent \(shape \(.*, 6\)\)"):
        cut(model, "pool")
    with pytest.raises(ValueError, match=r"has no layer 'frist'; did you mean \['first'"):
        cut(model, "frist")
    with pytest.raises(ValueError, match="call index 5 was asked for"):
        cut(model, ("second", 5))


def test_outputs_that_are_no_vector(own_net, images):
    class Maps(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(4, 3)

        def call(self, inputs):
            return self.conv(inputs)

    image = keras.Input((8, 8, 3))
    conv = layers.Conv2D(4, 3, name="conv")(image)
    with pytest.raises(ValueError, match="one output of batch × classes, but"):
        cut_model(keras.Model(image, conv))
    with pytest.raises(ValueError, match="one output of batch × classes, but"):
        cut_model(keras.Model(image, [layers.Flatten()(conv)] * 2))
    with pytest.raises(ValueError, match="one output of batch × classes, but"):
        cut_model(Maps()).forward(images(1, 8, 8, 3))


def test_channels_first_in_a_subclass(images):
    class First(keras.Model):
        def __init__(self):
            super().__init__()
            self.pad = layers.ZeroPadding2D(data_format="channels_first", name="pad")

        def call(self, inputs):
            return ops.mean(self.pad(inputs), axis=(2, 3))

    with pytest.raises(ValueError, match="'pad' is channels_first"):
        cut_model(First()).forward(images(1, 3, 8, 8))


@pytest.mark.parametrize("kind", ["functional", "sequential", "subclassed"])
def test_a_model_dies_with_its_cuts(images, kind):
    stack = [layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    model = keras.Sequential([keras.Input((8, 8, 3)), *stack])
    if kind == "functional":
        model = keras.Model(model.inputs[0], model.outputs[0])
    elif kind == "subclassed":

        class Wrapped(keras.Model):
            def __init__(self, inner):
                super().__init__()
                self.inner = inner

            def call(self, inputs):
                return self.inner(inputs)

        model = Wrapped(model)
    gradients(cut_model(model), images(1, 8, 8, 3))
    watched = [weakref.ref(model), *map(weakref.ref, stack)]
    del model, stack
    for _ in range(3):  # the model, the caches' entries, what only they held
        gc.collect()
    assert [watch() for watch in watched] == [None] * 4
