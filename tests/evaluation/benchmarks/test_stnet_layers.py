import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol.evaluation.benchmarks.stnet import he_normal
from tfwsol.evaluation.benchmarks.stnet_layers import gated_layers


@pytest.fixture(scope="module")
def layers():
    model = keras.Sequential(
        [
            keras.Input((9, 11, 4)),
            keras.layers.Conv2D(6, (3, 2), 2, padding="same", groups=2, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(5),
        ],
        name="vgg16_small",
    )
    images = np.random.default_rng(0).standard_normal((3, 9, 11, 4), np.float32)
    images = tf.constant(np.abs(images))
    he_normal(model, 3)
    classes = tf.argmax(model(images), axis=1)
    # The preset stops where cells are 8 pixels apart; a network this small has none such.
    model = keras.Model(model.inputs, model.outputs, name="alexnet_small")
    return gated_layers(model, images, classes)


def test_layers_with_a_kernel_from_the_answer_down(layers):
    top, hidden, convolution = layers
    assert [layer.units for layer in layers] == [15, 24, 3 * 5 * 6 * 6]
    assert top.geometry.tolist() == [3, 1, 1, 8, 1, 1, 5, 1, 1, 1, 1, 0, 0, 1, 1, 1]
    assert hidden.geometry.tolist() == [3, 2, 3, 6, 1, 1, 8, 2, 3, 1, 1, 0, 0, 1, 1, 1]
    assert convolution.geometry.tolist() == [3, 9, 11, 4, 5, 6, 6, 3, 2, 2, 2, 1, 0, 1, 1, 2]
    assert [layer.products for layer in layers] == [8, 36, 12]
    assert [layer.least for layer in layers] == [1e-5, 3e-4, 3e-4]


def test_one_gated_class_for_each_image(layers):
    assert [place // 5 for place in layers[0].gated] == [0, 1, 2]
    for layer in layers:
        assert len(layer.gated) >= 3
        assert layer.gated.max() < layer.units
