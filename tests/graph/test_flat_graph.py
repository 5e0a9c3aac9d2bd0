"""Nested, siamese, multi-input, reloaded and half-precision models, read as one flat graph."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from tfwsol import graph
from tfwsol.graph.flat_graph import FlatGraph, is_graph_model
from tfwsol.graph.split import graph_of


def backbone_net(size=16, name="backbone"):
    image = keras.Input((size, size, 3))
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="conv1")(image)
    x = layers.BatchNormalization(name="bn")(x)
    y = layers.Conv2D(6, 3, padding="same", name="conv2")(x)
    x = layers.Add(name="add")([x, y])
    return keras.Model(image, layers.Activation("relu", name="out")(x), name=name)


def classify(x, classes=5):
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    return layers.Dense(classes, name="fc")(x)


def check(model, images, layer, crossing, difference):
    body, tail = graph.split(model, layer)
    parts = body(images)
    assert len(keras.tree.flatten(parts)) - 1 == crossing
    expected = model(images, training=False)
    keras.tree.assert_same_structure(tail(parts), expected)
    assert difference(tail(parts), expected) < 1e-6
    cut, *context = parts if isinstance(parts, list) else [parts]
    assert difference(tail([cut * 0.5, *context] if context else cut * 0.5), expected) > 1e-3
    return parts


@pytest.fixture
def batch(images):
    return images(4, 16, 16, 3)


def test_nested_functional(lively, batch, difference):
    image = keras.Input((16, 16, 3))
    x = layers.Rescaling(0.5)(image)
    model = keras.Model(image, classify(layers.ReLU(name="last")(backbone_net()(x))))
    lively(model, batch)
    for layer, crossing in (
        ("backbone/add", 0), ("backbone/conv2", 1), ("conv2", 1), ("backbone", 0), ("last", 0)
    ):  # fmt: skip
        check(model, batch, layer, crossing, difference)
    assert [len(node.outputs) for node in model.get_layer("backbone")._inbound_nodes] == [1]


def test_nested_in_nested_with_dots_and_underscores(lively, batch, difference):
    inner = backbone_net(name="back.bone_v1.5")
    image = keras.Input((16, 16, 3))
    middle = keras.Model(image, layers.Conv2D(4, 1, name="block_1.conv")(inner(image)), name="m.1")
    image = keras.Input((16, 16, 3))
    model = lively(keras.Model(image, classify(middle(image))), batch)
    check(model, batch, "m.1/back.bone_v1.5/conv2", 1, difference)
    check(model, batch, "block_1.conv", 0, difference)
    check(model, batch, middle.get_layer("back.bone_v1.5"), 0, difference)


def test_nested_sequential_built_by_the_outer_call(lively, batch, difference):
    block = keras.Sequential(
        [layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(), layers.ReLU(name="relu")],
        name="block",
    )
    image = keras.Input((16, 16, 3))
    model = lively(keras.Model(image, classify(block(image))), batch)
    check(model, batch, "conv", 0, difference)
    check(model, batch, "block/relu", 0, difference)


def test_sequential_with_nested_models(lively, batch, difference):
    model = keras.Sequential([backbone_net(), layers.GlobalAveragePooling2D(), layers.Dense(3)])
    lively(model, batch)
    check(model, batch, "backbone/conv2", 1, difference)


def test_sequential_built_by_its_first_call(lively, batch, difference):
    model = keras.Sequential(
        [layers.Conv2D(4, 3, name="conv"), layers.GlobalAveragePooling2D(), layers.Dense(3)]
    )
    assert not is_graph_model(model)
    model(batch)
    lively(model, batch)
    check(model, batch, "conv", 0, difference)
    check(model, batch[:2], "conv", 0, difference)


def test_siamese_shared_backbone(lively, images, difference):
    shared = backbone_net()
    left, right = keras.Input((16, 16, 3), name="left"), keras.Input((16, 16, 3), name="right")
    pair = [shared(left), shared(right)]
    model = keras.Model([left, right], classify(layers.Concatenate()(pair)))
    batches = [images(4, 16, 16, 3, seed=seed) for seed in (1, 2)]
    lively(model, batches)
    first = check(model, batches, ("backbone/out", 0), 1, difference)
    second = check(model, batches, ("backbone/out", 1), 1, difference)
    assert difference(first[0], shared(batches[0])) < 1e-6
    assert difference(second[0], shared(batches[1])) < 1e-6
    with pytest.warns(UserWarning, match="called 2 times; its last call is used"):
        last = check(model, batches, "backbone/out", 1, difference)
    assert difference(last[0], second[0]) == 0


def test_layer_called_twice_in_a_row(lively, batch, difference):
    shared = layers.Conv2D(3, 3, padding="same", activation="relu", name="twice")
    image = keras.Input((16, 16, 3))
    model = lively(keras.Model(image, classify(shared(shared(image)))), batch)
    once, _ = graph.split(model, ("twice", 0))
    assert difference(once(batch), shared(batch)) < 1e-6
    check(model, batch, ("twice", 0), 0, difference)
    check(model, batch, (shared, 1), 0, difference)
    with pytest.raises(ValueError, match="call index 2 was asked for; use 0 to 1"):
        graph.split(model, ("twice", 2))


def test_call_indices_count_as_the_author_called(lively, batch, difference):
    """Whatever the order in which the outputs are put together afterwards."""
    shared = layers.Conv2D(3, 3, name="shared")
    nested = keras.Sequential([keras.Input((16, 16, 3)), layers.ReLU(name="relu")], name="nested")
    image = keras.Input((16, 16, 3))
    x = layers.Rescaling(2.0)(image)
    first, second = shared(image), shared(x)
    early, late = nested(image), nested(x)
    x = [layers.GlobalAveragePooling2D()(t) for t in (second, late, early, first)]
    model = lively(keras.Model(image, layers.Concatenate()(x)), batch)
    for name, inputs in (("shared", shared), ("relu", nested)):
        for index, images in enumerate([batch, batch * 2.0]):
            body, _ = graph.split(model, (name, index))
            assert difference(body(batch)[0], inputs(images)) < 1e-6


def test_raw_operations_and_keyword_tensors(lively, batch, difference):
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, name="conv")(image)
    y = ops.concatenate([ops.relu(x), ops.square(x)[..., :4]], axis=-1)
    y = ops.reshape(y, (-1, 14 * 14, 12))
    y = layers.MultiHeadAttention(2, 4, name="attention")(query=y, value=y, key=y * 0.5)
    x = ops.reshape(y, (-1, 14, 14, 12)) + ops.pad(x, [[0, 0], [0, 0], [0, 0], [0, 4]])
    model = lively(keras.Model(image, classify(x)), batch)
    check(model, batch, "conv", 0, difference)
    check(model, batch, "attention", 1, difference)


def two_inputs(as_dictionary):
    image = keras.Input((16, 16, 3), name="image")
    age = keras.Input((1,), name="age")
    x = layers.Conv2D(4, 3, name="conv")(image)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.Dense(4)(age)])
    inputs = {"image": image, "age": age} if as_dictionary else [image, age]
    return keras.Model(inputs, layers.Dense(3, name="fc")(x))


def test_two_inputs_as_list_and_by_name(lively, batch, difference):
    model, ages = two_inputs(as_dictionary=False), np.arange(4.0, dtype="float32")
    lively(model, [batch, ages[:, None]])
    check(model, [batch, ages[:, None]], "conv", 1, difference)
    check(model, {"age": ages[:, None], "image": batch}, "conv", 1, difference)
    check(model, [batch, ages], "conv", 1, difference)  # Keras adds the missing last axis
    body, _ = graph.split(model, "conv")
    with pytest.raises(ValueError, match=r"expects inputs named \['image', 'age'\]"):
        body({"image": batch})
    with pytest.raises(ValueError, match=r"expects 2 input\(s\)"):
        body(batch)
    with pytest.raises(ValueError, match="add or remove the batch axis"):
        body([batch[0], ages])


def test_two_inputs_as_dictionary(lively, batch, difference):
    model, ages = two_inputs(as_dictionary=True), np.arange(4.0, dtype="float32")[:, None]
    # Keras itself refuses a list where the names are not in alphabetical order.
    lively(model, {"image": batch, "age": ages})
    check(model, {"age": ages, "image": batch}, "conv", 1, difference)


def test_an_optional_input_may_be_missing(lively, batch, difference):
    class Offset(keras.layers.Layer):
        def call(self, inputs, offset=None):
            return inputs if offset is None else inputs + offset

    image = keras.Input((16, 16, 3), name="image")
    offset = keras.Input((16, 16, 3), name="offset", optional=True)
    x = layers.Conv2D(4, 3, name="conv")(Offset(name="moved")(image, offset))
    model = lively(keras.Model([image, offset], classify(x)), [batch, batch])
    check(model, [batch, None], "conv", 0, difference)
    check(model, [batch, batch], "moved", 0, difference)


def test_outputs_keep_their_structure(lively, batch, difference):
    backbone = backbone_net()
    x = backbone.output
    outputs = {"scores": classify(x), "maps": x, "pair": [layers.Flatten()(x)]}
    model = lively(keras.Model(backbone.input, outputs), batch)
    check(model, batch, "conv2", 1, difference)
    check(model, batch, "out", 0, difference)
    one = keras.Model(backbone.input, [layers.Flatten()(x)])
    check(one, batch, "out", 0, difference)


def test_nested_model_with_several_inputs_and_outputs(lively, batch, difference):
    a, b = keras.Input((16, 16, 3), name="a"), keras.Input((16, 16, 3), name="b")
    shared = layers.Conv2D(4, 3, padding="same", name="shared")
    inner = keras.Model({"a": a, "b": b}, {"sum": shared(a) + shared(b), "a": shared(a)}, name="in")
    image = keras.Input((16, 16, 3))
    outputs = inner({"b": layers.ReLU(name="relu")(image), "a": image})
    x = layers.Concatenate(name="both")([outputs["sum"], outputs["a"]])
    model = lively(keras.Model(image, classify(x)), batch)
    check(model, batch, ("in/shared", 0), 2, difference)
    check(model, batch, ("in/shared", 1), 2, difference)
    check(model, batch, ("in/shared", 2), 1, difference)
    check(model, batch, "relu", 2, difference)
    with pytest.raises(ValueError, match="'in' has 2 outputs"):
        graph.split(model, "in")


def test_reloaded_model(lively, batch, difference, tmp_path):
    image = keras.Input((16, 16, 3))
    model = lively(keras.Model(image, classify(backbone_net()(image))), batch)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert difference(loaded(batch), model(batch)) < 1e-6
    check(loaded, batch, "backbone/conv2", 1, difference)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision(lively, batch, difference, policy):
    keras.config.set_dtype_policy(policy)
    try:
        image = keras.Input((16, 16, 3))
        x = classify(backbone_net()(image) * 2.0)
        model = keras.Model(image, layers.Activation("softmax", dtype="float32")(x))
    finally:
        keras.config.set_dtype_policy("float32")
    parts = check(lively(model, batch), batch, "backbone/conv2", 1, difference)
    assert {keras.backend.standardize_dtype(part.dtype) for part in parts} == {policy[6:]}


def test_a_nested_model_casts_its_input_as_when_called(lively, batch, difference):
    """A float16 tensor into a model made for float32: its raw operations run in float32."""
    nested = keras.Input((16, 16, 4), name="features")
    inner = keras.Model(nested, ops.square(ops.exp(nested) / 3.0), name="inner")
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 1, name="conv", dtype="mixed_float16")(image)
    model = lively(keras.Model(image, classify(inner(x) * 2.0)), batch)
    check(model, batch, "conv", 0, difference)
    check(model, batch, "inner", 0, difference)


def transfer_model(backbone, **call):
    image = keras.Input((16, 16, 3))
    x = layers.Dropout(0.0)(backbone(image, **call))
    return keras.Model(image, classify(layers.BatchNormalization(name="own_bn")(x)))


@pytest.mark.parametrize("call", [{}, {"training": False}])
@pytest.mark.parametrize("training", [None, False, True])
def test_transfer_learning(lively, batch, difference, call, training):
    """`base(x, training=False)` means the same in the parts as in the model, in every mode."""
    model = lively(transfer_model(backbone_net(), **call), batch)
    twin = transfer_model(backbone_net(), **call)
    twin.set_weights(model.get_weights())
    body, tail = graph.split(model, "backbone/add")
    result = tail(body(batch, training=training), training=training)
    assert difference(result, twin(batch, training=training)) < 1e-6
    for a, b in zip(model.weights, twin.weights, strict=True):
        assert difference(a, b) < 1e-6


def test_masks_reach_the_tail(difference):
    """What Keras carries beside a tensor crosses the cut with it."""
    frames = keras.Input((5, 3))
    x = layers.Masking(name="masking")(frames)
    x = layers.TimeDistributed(layers.Dense(4), name="per_frame")(x)
    model = keras.Model(frames, layers.LSTM(3)(x))
    batch = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    batch[:, 3:] = 0
    body, tail = graph.split(model, "per_frame")
    assert difference(tail(body(batch)), model(batch)) < 1e-6


def test_inserted_constants_and_none_arguments_survive(lively, batch, difference):
    class Scale(keras.layers.Layer):
        def call(self, inputs, factor=None, mode="up"):
            factor = 1.0 if factor is None else factor
            return inputs * factor if mode == "up" else inputs / factor

    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, name="conv")(image)
    x = Scale(name="by_number")(x, factor=3.0, mode="down")
    x = Scale(name="by_tensor")(x, factor=ops.mean(x, axis=-1, keepdims=True))
    model = lively(keras.Model(image, classify(Scale()(x, factor=None))), batch)
    check(model, batch, "conv", 0, difference)
    check(model, batch, "by_number", 0, difference)


def test_points_depths_and_producers(residual_net):
    flat = graph_of(residual_net)
    assert graph_of(residual_net) is flat
    assert isinstance(flat, FlatGraph)
    assert [point.path for point in flat.points][:4] == ["image", "stem", "bn", "rectified"]
    depths = flat.depths()
    (output,) = flat.outputs
    assert depths[output] == 0
    assert depths[flat.inputs[0]] == max(depths.values())
    assert flat.producer(flat.inputs[0]) is None
    assert flat.producer(output).operation.name == "fc"


def test_what_counts_as_a_graph(residual_net):
    class Trains(keras.Model):
        def train_step(self, data):
            return super().train_step(data)

    class Calls(keras.Model):
        def call(self, inputs, training=None):
            return super().call(inputs, training=training) * 2.0

    assert is_graph_model(Trains(residual_net.inputs, residual_net.outputs))
    assert not is_graph_model(Calls(residual_net.inputs, residual_net.outputs))
    assert not is_graph_model(layers.Dense(2))


def test_a_nested_model_with_its_own_call_stays_whole(lively, batch, difference):
    class Doubled(keras.Model):
        def call(self, inputs, training=None):
            return super().call(inputs, training=training) * 2.0

    inner = backbone_net()
    inner = Doubled(inner.input, inner.output, name="doubled")
    image = keras.Input((16, 16, 3))
    model = lively(keras.Model(image, classify(inner(image))), batch)
    check(model, batch, "doubled", 0, difference)
    with pytest.raises(ValueError, match="has no layer 'conv2'"):
        graph.split(model, "conv2")
