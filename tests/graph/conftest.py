"""Networks for the tests of surgery, with weights that make the output depend on the input."""

import functools

import keras
import numpy as np
import pytest
from keras import layers, ops


def _scaled(variable, rng):
    shape = tuple(variable.shape)
    name = variable.name
    if name in ("gamma", "moving_variance", "scale"):
        return rng.uniform(0.7, 1.3, shape)
    if len(shape) < 2:
        return rng.normal(0.0, 0.2, shape)
    depthwise = "depthwise" in variable.path and name in ("kernel", "depthwise_kernel")
    fan_in = np.prod(shape[:2]) if depthwise else np.prod(shape[:-1])
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)


def normalisations(model):
    """Every BatchNormalization of a model, however deep."""
    flat = model._flatten_layers(include_self=False, recursive=True)
    return [layer for layer in flat if isinstance(layer, layers.BatchNormalization)]


def make_lively(model, images, seed=0):
    """Random weights in `model`, with statistics that fit `images` as training would leave them."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if "float" in variable.dtype:
            variable.assign(_scaled(variable, rng))
    momenta = {layer: layer.momentum for layer in normalisations(model)}
    for layer in momenta:
        layer.momentum = 0.0
    if momenta:
        model(images, training=True)
    for layer, momentum in momenta.items():
        layer.momentum = momentum
        variance = np.asarray(layer.moving_variance) * rng.uniform(
            0.8, 1.2, layer.moving_variance.shape
        )
        shift = rng.normal(0.0, 0.1, variance.shape) * np.sqrt(variance)
        layer.moving_mean.assign_add(shift)
        layer.moving_variance.assign(variance)
    return model


def random_images(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def largest_difference(a, b):
    pairs = zip(keras.tree.flatten(a), keras.tree.flatten(b), strict=True)
    return max(
        float(ops.max(ops.abs(ops.cast(x, "float32") - ops.cast(y, "float32")))) for x, y in pairs
    )


@pytest.fixture(scope="session")
def lively():
    return make_lively


@pytest.fixture(scope="session")
def images():
    return random_images


@pytest.fixture(scope="session")
def difference():
    return largest_difference


def check_lively(model, batch):
    """Equality of two outputs proves little where all images give the same output."""
    outputs = np.asarray(ops.cast(model(batch, training=False), "float32"))
    assert np.isfinite(outputs).all()
    assert outputs.std(axis=0).mean() > 0.05 * outputs.std()


@pytest.fixture(scope="session")
def application():
    """Builds a network of keras.applications once: (model giving logits, four images)."""

    @functools.cache
    def build(name, size=32, **options):
        model = getattr(keras.applications, name)(
            weights=None,
            input_shape=(size, size, 3),
            classes=7,
            classifier_activation=None,
            **options,
        )
        batch = 64 * random_images(4, size, size, 3)
        check_lively(make_lively(model, batch), batch)
        return model, batch

    return build


@pytest.fixture
def residual_net(lively, images):
    """A small network with a residual branch, a dense block and raw operations."""
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same", name="stem")(image)
    y = layers.BatchNormalization(name="bn")(x)
    y = layers.ReLU(name="rectified")(y)
    y = layers.Conv2D(8, 3, padding="same", name="branch")(y)
    x = layers.Add(name="add")([x, y])
    y = layers.Conv2D(4, 3, padding="same", name="grow")(ops.relu(x))
    x = layers.Concatenate(name="concat")([x, y])
    x = layers.MaxPooling2D(name="pool")(x)
    x = ops.mean(ops.relu(x) * 1.5, axis=(1, 2))
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Dense(5, activation="softmax", name="fc")(x)
    return lively(keras.Model(image, x, name="residual_net"), images(4, 16, 16, 3))


class OwnNet(keras.Model):
    """A subclassed classifier: two convolutions, the second one called twice, a softmax."""

    def __init__(self, classes=5, **options):
        super().__init__(**options)
        self.first = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")
        self.second = layers.Conv2D(6, 3, padding="same", activation="relu", name="second")
        self.bn = layers.BatchNormalization(name="bn")
        self.dropout = layers.Dropout(0.5, name="dropout")
        self.pool = layers.GlobalAveragePooling2D(name="pool")
        self.fc = layers.Dense(classes, activation="softmax", name="fc")

    def call(self, inputs, training=None):
        x = self.bn(self.first(inputs), training=training)
        x = self.second(self.second(x))
        return self.fc(self.dropout(self.pool(x), training=training))


@pytest.fixture
def own_net(lively, images):
    """A subclassed network and the functional model of the same layers."""
    batch = images(4, 16, 16, 3)
    net = OwnNet(name="own_net")
    net(batch)
    lively(net, batch)
    image = keras.Input((16, 16, 3))
    x = net.second(net.second(net.bn(net.first(image))))
    twin = keras.Model(image, net.fc(net.pool(x)))
    return net, twin, batch
