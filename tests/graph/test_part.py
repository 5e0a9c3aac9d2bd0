"""Parts of a split model: called, traced, predicted, trained, built into other models."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol import graph


def test_predict_traces_and_unknown_batch(residual_net, images, difference):
    batch = images(5, 16, 16, 3)
    expected = residual_net(batch)
    body, tail = graph.split(residual_net, "branch")
    assert body.name == "residual_net_body"
    assert tail.name == "residual_net_tail"
    parts = body.predict(batch, batch_size=2, verbose=0)
    assert difference(tail.predict(parts, batch_size=3, verbose=0), expected) < 1e-6
    # Freshly split in the trace, and split before it.
    specification = tf.TensorSpec((None, 16, 16, 3))
    joined = tf.function(lambda x: tail(body(x)), input_signature=[specification])
    assert difference(joined(batch), expected) < 1e-6
    assert difference(joined(batch[:2]), expected[:2]) < 1e-6

    @tf.function
    def splits_inside(x):
        inner_body, inner_tail = graph.split(residual_net, "grow")
        return inner_tail(inner_body(x))

    assert difference(splits_inside(batch), expected) < 1e-6


def test_parts_name_their_inputs_and_outputs(residual_net):
    body, tail = graph.split(residual_net, "branch")
    assert [tuple(t.shape) for t in body.inputs] == [(None, 16, 16, 3)]
    assert [tuple(t.shape) for t in body.outputs] == [(None, 16, 16, 8)] * 2
    assert [tuple(t.shape) for t in tail.inputs] == [(None, 16, 16, 8)] * 2
    assert [tuple(t.shape) for t in tail.outputs] == [(None, 5)]


def test_parts_work_inside_a_functional_model(residual_net, images, difference):
    batch = images(3, 16, 16, 3)
    body, tail = graph.split(residual_net, "branch")
    image = keras.Input((16, 16, 3))
    cut, context = body(image)
    model = keras.Model(image, tail([cut * 2.0, context]))
    parts = body(batch)
    assert difference(model(batch), tail([parts[0] * 2.0, parts[1]])) < 1e-6


def test_training_mode_reaches_both_parts(residual_net, images, difference):
    batch = images(4, 16, 16, 3)
    twin = keras.models.clone_model(residual_net)
    twin.set_weights(residual_net.get_weights())
    for model in (twin, residual_net):
        model.get_layer("dropout").rate = 0.0
    body, tail = graph.split(residual_net, "pool")
    expected = twin(batch, training=True)
    assert difference(tail(body(batch, training=True), training=True), expected) < 1e-6
    assert difference(expected, twin(batch, training=False)) > 1e-3
    moved = residual_net.get_layer("bn").moving_mean, twin.get_layer("bn").moving_mean
    assert difference(*moved) < 1e-6


def test_dropout_runs_in_training_only(residual_net, images, difference):
    batch = images(4, 16, 16, 3)
    body, tail = graph.split(residual_net, "pool")
    parts = body(batch)
    assert difference(tail(parts), tail(parts)) == 0
    assert difference(tail(parts, training=True), tail(parts, training=True)) > 1e-3


def test_a_part_is_not_saved_on_its_own(residual_net, tmp_path):
    body, _ = graph.split(residual_net, "pool")
    with pytest.raises(ValueError, match="save the whole model"):
        body.save(tmp_path / "body.keras")


def test_a_tail_can_be_trained_on_features(residual_net, images, difference):
    """The usual use of a split besides attention: train the end, keep the rest."""
    batch = images(8, 16, 16, 3)
    body, tail = graph.split(residual_net, "pool")
    stem, fc = (residual_net.get_layer(name).kernel for name in ("stem", "fc"))
    before = stem.numpy(), fc.numpy()
    tail.compile("sgd", "sparse_categorical_crossentropy")
    tail.fit(body.predict(batch, verbose=0), np.arange(8) % 5, verbose=0)
    assert difference(stem, before[0]) == 0
    assert difference(fc, before[1]) > 1e-5


def test_pixels_are_converted_as_by_the_model(residual_net, difference):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype="uint8")
    body, tail = graph.split(residual_net, "branch")
    expected = residual_net(pixels)
    for images in (pixels, tf.constant(pixels), pixels.astype("float64")):
        assert difference(tail(body(images)), expected) < 1e-6


def test_compiled_by_xla(residual_net, images, difference):
    batch = images(2, 16, 16, 3)
    body, tail = graph.split(residual_net, "branch")
    compiled = tf.function(lambda x: tail(body(x)), jit_compile=True)
    assert difference(compiled(batch), residual_net(batch)) < 1e-5


def test_a_summary_names_the_shared_layers(residual_net):
    body, tail = graph.split(residual_net, "pool")
    assert [layer.name for layer in body.shared_layers][:2] == ["stem", "bn"]
    assert [layer.name for layer in tail.shared_layers] == ["dropout", "fc"]
    lines = []
    tail.summary(print_fn=lambda line, **_: lines.append(line))
    assert "fc" in "".join(lines)
    assert body.count_params() + tail.count_params() == residual_net.count_params()
