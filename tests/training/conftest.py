"""Small networks and data that every part of training is tried on."""

import keras
import numpy as np
import pytest

from tfwsol.layers import ADL
from tfwsol.training import TrainingData


def _patterns(number, side=8, seed=0):
    """Noise that is brighter on the left or on the right, and which."""
    rng = np.random.default_rng(seed)
    labels = np.arange(number) % 2
    images = rng.normal(0, 1, (number, side, side, 3))
    images[labels == 0, :, : side // 2] += 1
    images[labels == 1, :, side // 2 :] += 1
    return images.astype(np.float32), labels


def _network(norm=None, draws=False, seed=0):
    keras.utils.set_random_seed(seed)
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(6, 3, padding="same", name="features")(image)
    if norm is not None:
        x = keras.layers.BatchNormalization(synchronized=norm == "synchronized", name="norm")(x)
    x = keras.layers.ReLU()(x)
    if draws:
        x = ADL(seed=5)(x)
    if draws == "each":
        x = keras.layers.Dropout(0.3, seed=6)(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(image, keras.layers.Dense(2, name="head")(x), name="small")


@pytest.fixture
def network():
    """Makes the network, with the same weights every time."""
    return _network


@pytest.fixture
def patterns():
    """Makes images and labels."""
    return _patterns


@pytest.fixture
def training_data():
    """Makes such images ready for training."""

    def make(number=20, seed=0, **more):
        return TrainingData.of_arrays(*_patterns(number, seed=seed), **more)

    return make
