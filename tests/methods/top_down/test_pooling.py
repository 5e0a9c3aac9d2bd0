import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.methods import STNet
from tfwsol.ops import conv_gating, pool_gating


def pooled(pool, size=(6, 6)):
    """One pool over an image of one channel, and a class that is its sum."""
    image = keras.Input((*size, 1), name="image")
    x = layers.Flatten()(pool(layers.ReLU(name="map")(image)))
    return keras.Model(image, layers.Dense(1, kernel_initializer="ones")(x))


@pytest.fixture
def pictures():
    return np.random.default_rng(2).normal(size=(2, 6, 6, 1)).astype("float32")


def below(model, pictures, **modes):
    method = STNet(model, "general", "map", modes=modes)
    return np.array(method.localize(pictures, 0).maps)[:, 0]


@pytest.mark.parametrize("kind", ["layer", "window", "operation"])
def test_a_global_average_takes_one_connected_group(pictures, kind):
    pools = {
        "layer": layers.GlobalAveragePooling2D(),
        "window": layers.AveragePooling2D(6),
        "operation": lambda x: keras.ops.mean(x, axis=(1, 2)),
    }
    x, top = np.maximum(pictures, 0), np.ones((2, 1, 1, 1), "float32")
    wanted = conv_gating(x, np.full((6, 6, 1, 1), 1 / 36, "float32"), top)
    found = below(pooled(pools[kind]), pictures)
    np.testing.assert_allclose(found, np.array(wanted)[..., 0], rtol=1e-5)


def test_averages_in_proportion(pictures):
    x = np.maximum(pictures, 0)[..., 0]
    found = below(pooled(layers.GlobalAveragePooling2D()), pictures, average_pool="ALL")
    np.testing.assert_allclose(found, x / x.sum((1, 2), keepdims=True), rtol=1e-5)


def test_a_global_maximum_takes_its_place(pictures):
    found = below(pooled(layers.GlobalMaxPooling2D()), pictures)
    x = pictures[..., 0]
    np.testing.assert_allclose(found, x == x.max((1, 2), keepdims=True))


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_windows(pictures, padding):
    pool = layers.MaxPooling2D(3, 2, padding)
    model = pooled(pool)
    x = np.maximum(pictures, 0)
    # "same" adds one cell, below and to the right.
    sides = ((0, 1), (0, 1)) if padding == "same" else 0
    above = np.array(pool(x))
    positive = np.where(above > 0, above, 0)
    gates = conv_gating(
        positive, np.ones((*above.shape[1:3], 1, 1), "float32"), np.ones((2, 1, 1, 1))
    )
    wanted = pool_gating(x, gates, 3, 2, sides)
    np.testing.assert_allclose(below(model, pictures), np.array(wanted)[..., 0], rtol=1e-5)


def test_a_maximum_is_not_connected(pictures):
    pool = layers.MaxPooling2D(3, name="pool")
    with pytest.raises(ValueError, match="a maximum has one place"):
        STNet(pooled(pool), modes={"pool": "connected"})
