"""The linear classifier a model ends in, and its logits without the final softmax."""

import keras
import pytest
from keras import layers, ops

from tfwsol.graph import TailForm, cut_model
from tfwsol.graph.head import find_head
from tfwsol.graph.split import graph_of

CLASSES = 5


def dense_softmax(x):
    return layers.Dense(CLASSES, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def dense_then_softmax(x):
    x = layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x))
    return layers.Softmax()(layers.Identity()(x))


def dense_then_activation(x):
    x = layers.Dense(CLASSES, use_bias=False)(layers.GlobalAveragePooling2D()(x))
    return layers.Activation("softmax")(x)


def dense_then_raw_softmax(x):
    return ops.softmax(layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x)))


def dense_after_a_mean(x):
    return layers.Dense(CLASSES, activation="softmax")(ops.mean(x, axis=[1, 2]))


def dense_after_a_mean_from_behind(x):
    x = layers.Flatten()(ops.mean(x, axis=(-3, -2), keepdims=True))
    return layers.Dense(CLASSES, activation="softmax")(x)


def dense_after_one_window(x):
    x = layers.Flatten()(layers.AveragePooling2D(6)(x))
    return layers.Dense(CLASSES, activation="softmax")(x)


def dense_after_dropouts(x):
    x = layers.GlobalAveragePooling2D(keepdims=True)(layers.SpatialDropout2D(0.3)(x))
    x = layers.GaussianNoise(0.3)(layers.Dropout(0.5)(x))
    x = ops.squeeze(x, axis=(1, 2))
    return layers.Dense(CLASSES, activation="softmax")(x)


def mobilenet_style(x):
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Reshape((CLASSES,))(layers.Conv2D(CLASSES, 1)(x))
    return layers.Activation("softmax")(x)


def mobilenet_v3_style(x):
    x = layers.Conv2D(CLASSES, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))
    return layers.Activation("softmax")(layers.Flatten()(x))


def class_maps_then_average(x):
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(CLASSES, 1)(layers.Dropout(0.5)(x)))
    return layers.Softmax()(x)


def squeezenet_style(x):
    x = layers.Conv2D(CLASSES, 1, activation="relu", name="conv10")(layers.Dropout(0.5)(x))
    return layers.Activation("softmax")(layers.GlobalAveragePooling2D()(x))


HEADS = {
    dense_softmax: TailForm.POOLED_LINEAR,
    dense_then_softmax: TailForm.POOLED_LINEAR,
    dense_then_activation: TailForm.POOLED_LINEAR,
    dense_then_raw_softmax: TailForm.POOLED_LINEAR,
    dense_after_a_mean: TailForm.POOLED_LINEAR,
    dense_after_a_mean_from_behind: TailForm.POOLED_LINEAR,
    dense_after_one_window: TailForm.POOLED_LINEAR,
    dense_after_dropouts: TailForm.POOLED_LINEAR,
    mobilenet_style: TailForm.POOLED_LINEAR,
    mobilenet_v3_style: TailForm.POOLED_LINEAR,
    class_maps_then_average: TailForm.POOLED_LINEAR,
    squeezenet_style: TailForm.GENERAL,  # a convolution with ReLU lies behind "features"
}


@pytest.fixture
def batch(images):
    return images(4, 6, 6, 3)


@pytest.fixture
def with_head(lively, batch):
    """A one-layer network with the head that a function adds."""

    def build(head):
        image = keras.Input((6, 6, 3))
        x = layers.Conv2D(8, 3, padding="same", name="features")(image)
        return lively(keras.Model(image, head(x)), batch)

    return build


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head.__name__)
def test_logits_and_form(with_head, batch, difference, head):
    model = with_head(head)
    expected = model(batch)
    cut = cut_model(model, "features")
    assert cut.has_classifier
    assert cut.form is HEADS[head]
    cut_tensor, context, logits = cut.forward(batch)
    assert difference(ops.softmax(logits), expected) < 1e-6
    assert difference(cut.logits(cut_tensor, context), logits) == 0
    # Logits, not their logarithm: softmax of them is not flat a second time.
    assert float(ops.max(ops.abs(ops.sum(logits, axis=-1) - 1.0))) > 1e-2
    kernel, bias = cut.head.weights(cut.feature_channels)
    features = cut.features(cut_tensor, context)
    assert tuple(features.shape) == (4, cut.feature_channels)
    assert difference(features @ kernel + bias, logits) < 1e-5
    assert difference(model(batch), expected) == 0


def test_squeezenet_cut_behind_its_class_maps(with_head, batch, difference):
    cut = cut_model(with_head(squeezenet_style))
    assert cut.form is TailForm.POOLED_LINEAR
    assert cut.head.layer is None
    class_maps, _, logits = cut.forward(batch)
    assert tuple(class_maps.shape) == (4, 6, 6, CLASSES)
    assert difference(ops.mean(class_maps, axis=(1, 2)), logits) < 1e-6


def test_class_maps_that_are_cut_themselves(with_head, batch, difference):
    """The default cut of such a network: the logits must depend on what is cut."""
    model = with_head(class_maps_then_average)
    for layer in (None, next(x for x in model.layers if isinstance(x, layers.Dropout)).name):
        cut = cut_model(model, layer)
        cut_tensor, context, logits = cut.forward(batch)
        assert cut.form is TailForm.POOLED_LINEAR
        assert difference(ops.softmax(logits), model(batch)) < 1e-6
        assert difference(cut.logits(cut_tensor * 0.0, context), logits) > 1e-2
    maps = cut_model(model)
    assert maps.head.layer is None
    assert cut_tensor.shape[-1] == 8
    assert maps.feature_channels == CLASSES


@pytest.mark.parametrize("activation", ["sigmoid", "log_softmax", "linear", None])
def test_other_final_activations(with_head, batch, difference, activation):
    def head(x):
        return layers.Dense(CLASSES, activation)(layers.GlobalAveragePooling2D()(x))

    model = with_head(head)
    _, _, logits = cut_model(model).forward(batch)
    if activation not in (None, "linear"):
        logits = getattr(ops, activation)(logits)
    assert difference(logits, model(batch)) < 1e-6


def test_mixed_precision_logits_are_float32(lively, batch, difference):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        image = keras.Input((6, 6, 3))
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, name="features")(image))
        model = keras.Model(image, layers.Dense(CLASSES, activation="softmax")(x))
    finally:
        keras.config.set_dtype_policy("float32")
    cut = cut_model(lively(model, batch))
    cut_tensor, _, logits = cut.forward(batch)
    assert keras.backend.standardize_dtype(cut_tensor.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert difference(ops.softmax(logits), model(batch)) < 1e-2


def headless(build):
    def head(x):
        return build(layers.GlobalAveragePooling2D()(x))

    return head


HEADLESS = {
    "normalised embedding": headless(lambda x: layers.UnitNormalization()(layers.Dense(5)(x))),
    "activated embedding": headless(layers.Dense(5, activation="tanh")),
    "normalisation": headless(lambda x: layers.BatchNormalization()(layers.Dense(5)(x))),
    "sum of two": headless(lambda x: layers.Dense(5)(x) + layers.Dense(5, name="b")(x)),
    "softmax in groups": headless(
        lambda x: layers.Flatten()(layers.Softmax()(layers.Reshape((2, 3))(layers.Dense(6)(x))))
    ),
    "own layer called Identity": headless(lambda x: Identity()(layers.Dense(5)(x))),
}


class Identity(keras.layers.Layer):
    """Not what its name says."""

    def call(self, inputs):
        return inputs * 2.0


@pytest.mark.parametrize("name", HEADLESS)
def test_no_head_where_none_is_known(with_head, batch, difference, name):
    model = with_head(HEADLESS[name])
    assert find_head(graph_of(model)) is None
    cut = cut_model(model)
    assert not cut.has_classifier
    assert cut.form is TailForm.GENERAL
    cut_tensor, context, logits = cut.forward(batch)
    assert difference(logits, model(batch)) < 1e-6
    with pytest.raises(ValueError, match="classifier is not known"):
        cut.features(cut_tensor, context)


def test_several_outputs_have_no_head(with_head):
    model = with_head(dense_softmax)
    two = keras.Model(model.input, [model.output, model.output])
    assert find_head(graph_of(two)) is None


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2"])
def test_applications_with_softmax(name, lively, images, difference):
    batch = 64 * images(3, 32, 32, 3)
    options = {"alpha": 0.25} if name == "MobileNet" else {"alpha": 0.35}
    model = getattr(keras.applications, name)(
        weights=None, classes=7, input_shape=(32, 32, 3), **options
    )
    lively(model, batch)
    cut = cut_model(model, "conv_pw_11_relu" if name == "MobileNet" else "block_12_add")
    assert difference(ops.softmax(cut.forward(batch)[2]), model(batch)) < 1e-5
