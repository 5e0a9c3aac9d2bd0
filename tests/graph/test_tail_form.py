"""Closed forms of tails: only where every step behind the cut keeps to them."""

import keras
import pytest
from keras import layers, ops

from tfwsol.graph import TailForm, cut_model
from tfwsol.graph.head import find_head
from tfwsol.graph.split import graph_of, split_at
from tfwsol.graph.tail_form import tail_form

LINEAR, RELU, GENERAL = TailForm.POOLED_LINEAR, TailForm.RELU_POOLED_LINEAR, TailForm.GENERAL

BEFORE_THE_POOL = {
    "nothing": (lambda x: x, LINEAR),
    "dropout": (lambda x: layers.SpatialDropout2D(0.5)(layers.Dropout(0.5)(x)), LINEAR),
    "linear activation": (layers.Activation("linear"), LINEAR),
    "relu layer": (layers.ReLU(), RELU),
    "relu activation": (lambda x: layers.Dropout(0.5)(layers.Activation("relu")(x)), RELU),
    "raw relu": (ops.relu, RELU),
    "activations.relu": (keras.activations.relu, RELU),
    "two relus": (lambda x: ops.relu(layers.ReLU()(x)), RELU),
    "relu6 layer": (layers.ReLU(max_value=6.0), GENERAL),
    "relu6 activation": (layers.Activation("relu6"), GENERAL),
    "raw relu6": (ops.relu6, GENERAL),
    "leaky relu": (layers.LeakyReLU(), GENERAL),
    "relu with a slope": (layers.ReLU(negative_slope=0.1), GENERAL),
    "relu with a threshold": (lambda x: keras.activations.relu(x, threshold=1.0), GENERAL),
    "batch normalization": (lambda x: layers.ReLU()(layers.BatchNormalization()(x)), GENERAL),
    "skip connection": (lambda x: layers.Add()([x, x]), GENERAL),
    "max pooling": (layers.MaxPooling2D(), GENERAL),
}

POOLS = {
    "global": (layers.GlobalAveragePooling2D(), LINEAR),
    "global, kept": (
        lambda x: layers.Flatten()(layers.GlobalAveragePooling2D(keepdims=True)(x)),
        LINEAR,
    ),
    "mean": (lambda x: ops.mean(x, axis=(2, 1)), LINEAR),
    "one window": (lambda x: layers.Reshape((4,))(layers.AveragePooling2D(6)(x)), LINEAR),
    "relu behind": (lambda x: layers.ReLU()(layers.GlobalAveragePooling2D()(x)), GENERAL),
    "dense behind": (lambda x: layers.Dense(4)(layers.GlobalAveragePooling2D()(x)), GENERAL),
    "mean over channels": (lambda x: layers.Flatten()(ops.mean(x, axis=(1, 3))), GENERAL),
    "mean in two steps": (lambda x: ops.mean(ops.mean(x, axis=1), axis=1), GENERAL),
    "small windows": (lambda x: layers.Flatten()(layers.AveragePooling2D(3)(x)), GENERAL),
    "flatten": (layers.Flatten(), GENERAL),
    "max": (layers.GlobalMaxPooling2D(), GENERAL),
}


def network(tail):
    image = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, padding="same", name="features")(image)
    return keras.Model(image, layers.Dense(3, activation="softmax")(tail(x)))


@pytest.mark.parametrize("name", BEFORE_THE_POOL)
def test_steps_before_the_pool(name):
    tail, form = BEFORE_THE_POOL[name]
    model = network(lambda x: layers.GlobalAveragePooling2D()(tail(x)))
    assert cut_model(model, "features").form is form


@pytest.mark.parametrize("name", POOLS)
def test_pools(name):
    tail, form = POOLS[name]
    assert cut_model(network(tail), "features").form is form


def test_a_second_pool_is_not_linear_pooling():
    model = network(lambda x: ops.mean(ops.reshape(ops.mean(x, (1, 2)), (-1, 2, 2, 1)), (1, 2)))
    assert cut_model(model, "features").form is GENERAL


def test_class_maps_are_pooled_by_the_head():
    image = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, name="features")(image)
    x = layers.Conv2D(3, 1, name="class_maps")(layers.ReLU(name="relu")(x))
    model = keras.Model(image, layers.Softmax()(layers.GlobalAveragePooling2D()(x)))
    assert cut_model(model, "relu").form is LINEAR
    assert cut_model(model, "features").form is RELU
    assert cut_model(model, "class_maps").form is LINEAR


def test_a_crossing_tensor_is_general():
    image = keras.Input((6, 6, 3))
    x = layers.Conv2D(4, 3, padding="same", name="features")(image)
    y = layers.Conv2D(4, 3, padding="same", name="other")(image)
    x = layers.GlobalAveragePooling2D()(layers.Add()([x, y]))
    assert cut_model(keras.Model(image, layers.Dense(3)(x)), "features").form is GENERAL


def test_frames_are_general():
    """Rank 5: one filter per frame, so the closed forms of one map do not hold."""
    clip = keras.Input((2, 6, 6, 3))
    x = layers.Conv3D(4, 3, padding="same", name="features")(clip)
    x = layers.GlobalAveragePooling3D()(x)
    assert cut_model(keras.Model(clip, layers.Dense(3)(x)), "features").form is GENERAL


def test_without_a_head_it_is_general():
    model = network(layers.GlobalAveragePooling2D())
    flat = graph_of(model)
    assert tail_form(flat, flat.points[1].outputs[0], None) is GENERAL
    assert split_at(model, flat, flat.points[1].outputs[0])[0].outputs[0].shape == (None, 6, 6, 4)


@pytest.mark.parametrize(
    ("name", "layer", "form"),
    [
        ("ResNet50", "conv5_block3_out", LINEAR),
        ("ResNet50", "conv5_block3_add", RELU),
        ("ResNet50", "conv5_block2_out", GENERAL),
        ("DenseNet121", "relu", LINEAR),
        ("DenseNet121", "bn", RELU),
        ("DenseNet121", "conv5_block16_concat", GENERAL),
        ("MobileNetV2", "out_relu", LINEAR),
        ("MobileNetV2", "Conv_1_bn", GENERAL),  # ReLU6
        ("VGG16", "block5_pool", GENERAL),
    ],
)
def test_applications(application, name, layer, form):
    model, _ = application(name)
    flat = graph_of(model)
    (point,) = [point for point in flat.points if point.path == layer]
    assert tail_form(flat, point.outputs[0], find_head(flat)) is form
