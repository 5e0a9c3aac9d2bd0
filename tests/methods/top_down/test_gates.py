"""Gates as a tensor and as a list: whatever is done with them gives the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfwsol.methods import STNet
from tfwsol.methods.top_down import gates as gates_of

RANDOM = np.random.default_rng(0)
SHAPE = (2, 4, 5, 6)
GATES = (RANDOM.random(SHAPE) * (RANDOM.random(SHAPE) < 0.2)).astype("float32")
OTHERS = (RANDOM.random(SHAPE) * (RANDOM.random(SHAPE) < 0.2)).astype("float32")
VALUES = tf.constant(RANDOM.normal(size=SHAPE).astype("float32"))
SIDES = ((1, 0), (2, 1))

STEPS = {
    "kept": lambda gates: gates_of.kept(gates, gates_of.at(gates, VALUES) > 0),
    "scaled": lambda gates: gates_of.scaled(gates, gates_of.at(gates, VALUES)),
    "plus": lambda gates: gates_of.plus(gates, like(gates, OTHERS)),
    "plus a tensor": lambda gates: gates_of.plus(gates, tf.constant(OTHERS)),
    "reshaped": lambda gates: gates_of.reshaped(gates, [-1, 20, 6]),
    "transposed": lambda gates: gates_of.transposed(gates, [0, 2, 3, 1]),
    "split": lambda gates: gates_of.split(gates, [1, 3, 2], axis=3)[1],
    "split along rows": lambda gates: gates_of.split(gates, [1, 3], axis=1)[1],
    "cropped": lambda gates: gates_of.cropped(gates, SIDES),
    "padded": lambda gates: gates_of.padded(gates, SIDES),
    "by_image": gates_of.by_image,
    "over_channels": gates_of.over_channels,
    "over many channels": lambda gates: gates_of.over_channels(
        gates_of.reshaped(gates, [2, 4, 3, 10])
    ),
    "paired_channels": gates_of.paired_channels,
}


def like(gates, others):
    others = tf.constant(others)
    return tf.sparse.from_dense(others) if isinstance(gates, tf.SparseTensor) else others


@pytest.mark.parametrize("step", STEPS)
def test_a_list_goes_the_way_of_the_tensor(step):
    wanted = STEPS[step](tf.constant(GATES))
    found = gates_of.whole(STEPS[step](tf.sparse.from_dense(GATES)))
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert np.any(wanted)


def test_lists_serve_the_compiled_operations_on_the_cpu_alone(monkeypatch, compiled_ops):
    tensor = tf.constant(GATES)
    assert isinstance(gates_of.listed(tensor), tf.SparseTensor)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    assert gates_of.listed(tensor) is tensor
    monkeypatch.undo()
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "off")
    assert gates_of.listed(tensor) is tensor


def every_kind_of_layer():
    """A network with a branch of each kind, in which some units are negative."""
    image = keras.Input((14, 12, 3))
    x = layers.ZeroPadding2D(((1, 2), (0, 1)))(image)
    x = layers.Conv2D(8, 3, padding="same", name="stem")(x)
    x = layers.LeakyReLU()(layers.BatchNormalization()(x))
    branches = [
        layers.DepthwiseConv2D(3, padding="same")(x),
        layers.SeparableConv2D(8, 3, padding="same")(x),
        layers.Conv2D(8, 3, padding="same", groups=2)(x),
    ]
    x = layers.ReLU()(layers.Add()(branches))
    x = layers.Concatenate()([x, layers.MaxPooling2D(3, 1, padding="same")(branches[0])])
    x = layers.Cropping2D(((1, 1), (0, 2)))(layers.AveragePooling2D(2, 1, padding="same")(x))
    x = layers.BatchNormalization()(x)
    x = layers.Reshape((11, 15, 16))(layers.Permute((2, 1, 3))(x))
    x = layers.Conv2D(8, 2, strides=2, activation="relu")(x)
    x = layers.Dense(10, activation="relu")(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(4)(x))


@pytest.mark.parametrize("bias_units", ["drop", "share"])
@pytest.mark.parametrize("collapse", ["sum", "max"])
def test_a_network_s_gates_are_the_same_either_way(monkeypatch, compiled_ops, bias_units, collapse):
    keras.utils.set_random_seed(3)
    model = every_kind_of_layer()
    images = np.random.default_rng(1).normal(size=(3, 14, 12, 3)).astype("float32")
    options = {"bias_units": bias_units, "collapse": collapse, "keep_gates": True}
    listed = STNet(model, "general", **options).localize(images, [[0, 1], [2, 3], [1, 1]])
    monkeypatch.setattr(gates_of, "_lists_serve", lambda: False)
    dense = STNet(model, "general", **options).localize(images, [[0, 1], [2, 3], [1, 1]])
    np.testing.assert_allclose(listed.maps, dense.maps, atol=1e-6)
    for name, wanted in dense.details.items():
        np.testing.assert_allclose(listed.details[name], wanted, atol=1e-5, err_msg=name)
    assert np.count_nonzero(dense.maps) > 100
