"""`tail(body(x)) == model(x)` on every architecture, with the known number of crossing tensors."""

import gc
import weakref

import keras
import numpy as np
import psutil
import pytest
import tensorflow as tf
from keras import layers, ops

from tfwsol import graph

QUICK = [
    ("ResNet50", "conv3_block2_out", 0),
    ("ResNet50", "conv3_block2_2_relu", 1),
    ("ResNet50", "conv5_block3_out", 0),
    ("DenseNet121", "conv3_block4_concat", 0),
    ("DenseNet121", "conv3_block4_1_conv", 1),
    ("DenseNet121", "relu", 0),
    ("MobileNetV2", "block_5_add", 0),
    ("MobileNetV2", "block_5_expand_relu", 1),
    ("VGG16", "block3_conv2", 0),
    ("VGG16", "block5_pool", 0),
]
SLOW = [
    ("ResNet50V2", "conv3_block2_out", 0),
    ("ResNet50V2", "conv3_block2_1_relu", 1),
    ("ResNet50V2", "post_relu", 0),
    ("InceptionV3", "mixed5", 0),
    ("InceptionV3", "mixed10", 0),
    ("EfficientNetB0", "block3b_add", 0),
    ("EfficientNetB0", "block3b_activation", 1),
    ("EfficientNetB0", "block3b_se_expand", 2),
    ("ConvNeXtTiny", "convnext_tiny_stage_2_block_4_identity", 1),
    ("ConvNeXtTiny", "convnext_tiny_stage_2_block_4_gelu", 1),
]


def crossings(outputs):
    return len(outputs) - 1 if isinstance(outputs, list) else 0


def check_cut(model, images, layer, crossing, difference):
    body, tail = graph.split(model, layer)
    parts = body(images)
    assert crossings(parts) == crossing
    expected = model(images, training=False)
    assert difference(tail(parts), expected) == pytest.approx(0, abs=1e-6)
    # The cut is a true one: changing its tensor changes the output.
    cut, *context = parts if isinstance(parts, list) else [parts]
    changed = [cut * 0.5, *context] if context else cut * 0.5
    assert difference(tail(changed), expected) > 1e-3
    return body, tail


@pytest.mark.parametrize(("name", "layer", "crossing"), QUICK)
def test_applications(application, difference, name, layer, crossing):
    model, images = application(name)
    check_cut(model, images, layer, crossing, difference)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "layer", "crossing"), SLOW)
def test_large_applications(application, difference, name, layer, crossing):
    model, images = application(name, 75 if name == "InceptionV3" else 32)
    check_cut(model, images, layer, crossing, difference)


@pytest.mark.slow
def test_inside_an_inception_branch(application, difference):
    """Three of the four branches bypass a cut in the fourth."""
    model, images = application("InceptionV3", 75)
    first = next(layer for layer in model.get_layer("mixed5").input if layer is not None)
    branch = first._keras_history.operation.name
    check_cut(model, images, branch, 3, difference)


def test_every_point_of_a_small_network(residual_net, images, difference):
    batch = images(4, 16, 16, 3)
    counts = {}
    for layer in residual_net.layers[1:-1]:
        body, tail = graph.split(residual_net, layer)
        parts = body(batch)
        assert difference(tail(parts), residual_net(batch)) < 1e-6, layer.name
        counts[layer.name] = crossings(parts)
    residual = dict.fromkeys(["bn", "rectified", "branch"], 1)
    plain = dict.fromkeys(["stem", "add", "concat", "pool", "dropout"], 0)
    assert counts == residual | plain | {"grow": 1}


def test_cut_at_the_input_and_at_the_output(residual_net, images, difference):
    batch = images(4, 16, 16, 3)
    body, tail = graph.split(residual_net, "image")
    assert difference(body(batch), batch) == 0
    assert difference(tail(batch), residual_net(batch)) < 1e-6
    body, tail = graph.split(residual_net, "fc")
    assert difference(body(batch), residual_net(batch)) < 1e-6
    assert difference(tail(body(batch)), residual_net(batch)) < 1e-6


def test_weights_are_shared_and_gradients_flow(residual_net, images):
    body, tail = graph.split(residual_net, "concat")
    ids = {id(v) for v in residual_net.trainable_variables}
    parts = [*body.trainable_variables, *tail.trainable_variables]
    assert {id(v) for v in parts} == ids
    assert len(parts) == len(ids)
    with tf.GradientTape() as tape:
        loss = ops.sum(tail(body(images(2, 16, 16, 3)))[:, 0])
    assert all(g is not None for g in tape.gradient(loss, residual_net.trainable_variables))


def test_splits_leave_the_model_as_it_was(residual_net, images, tmp_path):
    batch = images(2, 16, 16, 3)
    flat = residual_net.layers
    outputs = [layer.output for layer in flat]
    nodes = [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in flat]
    expected = residual_net.predict(batch, verbose=0)
    for layer in flat:
        body, tail = graph.split(residual_net, layer)
        tail(body(batch))
    assert nodes == [(len(layer._inbound_nodes), len(layer._outbound_nodes)) for layer in flat]
    assert all(layer.output is output for layer, output in zip(flat, outputs, strict=True))
    assert np.array_equal(residual_net.predict(batch, verbose=0), expected)
    residual_net.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict(batch, verbose=0), expected)
    loaded_body, loaded_tail = graph.split(loaded, "branch")
    assert loaded_tail(loaded_body(batch)).numpy() == pytest.approx(expected, abs=1e-6)


def test_splits_are_cached_and_bounded(residual_net):
    first = graph.split(residual_net, "rectified")
    assert graph.split(residual_net, residual_net.get_layer("rectified"))[0] is first[0]
    names = [layer.name for layer in residual_net.layers]
    dropped = weakref.ref(graph.split(residual_net, "bn")[0])
    for name in names:
        if name not in ("rectified", "bn"):
            graph.split(residual_net, name)
    gc.collect()
    assert len(names) > 10
    assert dropped() is None
    assert graph.split(residual_net, "rectified")[0] is not first[0]


def test_fifty_calls_keep_memory_and_objects_bounded(residual_net, images):
    batch = images(2, 16, 16, 3)
    names = [layer.name for layer in residual_net.layers]

    def split_and_call(times):
        for index in range(times):
            body, tail = graph.split(residual_net, names[index % len(names)])
            tail(body(batch))
        del body, tail
        gc.collect()
        parts = sum(isinstance(o, graph.GraphPart) for o in gc.get_objects())
        return len(gc.get_objects()), parts, psutil.Process().memory_info().rss

    split_and_call(25)
    objects, parts, memory = split_and_call(len(names))
    later_objects, later_parts, later_memory = split_and_call(len(names) * 4)
    assert later_parts <= parts
    assert later_objects < objects + 500
    assert later_memory < memory + 30 * 2**20


def test_a_model_dies_with_its_splits(images):
    image = keras.Input((8, 8, 3))
    backbone = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3, name="conv")])
    model = keras.Model(image, layers.Flatten()(backbone(image)))
    body, tail = graph.split(model, "conv")
    tail(body(images(1, 8, 8, 3)))
    watched = [weakref.ref(model), weakref.ref(backbone)]
    del model, backbone, image, body, tail
    gc.collect()  # the model, and with it the entry of the cache
    gc.collect()  # what only the cache held
    assert [watch() for watch in watched] == [None, None]


def test_a_changed_sequential_is_read_again(images, difference):
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv")])
    graph.split(model, "conv")
    model.add(layers.Flatten())
    model.add(layers.Dense(2))
    batch = images(2, 8, 8, 3)
    body, tail = graph.split(model, "conv")
    assert difference(tail(body(batch)), model(batch)) < 1e-6


def test_a_changed_nested_sequential_is_read_again(images, difference):
    block = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv")])
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, layers.GlobalAveragePooling2D()(block(image)))
    graph.split(model, "conv")
    block.add(layers.Activation("tanh"))
    batch = images(2, 8, 8, 3)
    body, tail = graph.split(model, "conv")
    assert difference(tail(body(batch)), model(batch)) < 1e-6


def test_subclassed_and_unbuilt_models_are_refused():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(ValueError, match="has no graph to cut"):
        graph.split(Own(), "anything")
    with pytest.raises(ValueError, match="has no graph to cut"):
        graph.split(keras.Sequential([layers.Conv2D(2, 3, name="conv")]), "conv")
