import keras
import numpy as np
import pytest

from tfwsol.layers import HideAndSeek
from tfwsol.methods import build
from tfwsol.methods.networks.class_activation import scaled_input


def test_hidden_cells_are_zero_behind_the_scaling_of_the_network():
    model = build("has", "critter_net", 3, input_shape=(16, 16, 3), grid_size=4, drop_rate=0.5)
    hide = model.network.get_layer("hide_and_seek")
    inside = keras.Model(model.network.inputs[0], [hide.input, hide.output])
    images = np.full((4, 16, 16, 3), 255, "float32")
    scaled, hidden = (np.asarray(maps) for maps in inside(images, training=True))
    assert np.allclose(scaled, (1 - 0.45) / 0.25, atol=1e-5)
    cells = hidden.reshape(4, 4, 4, 4, 4, 3)
    assert (np.ptp(cells, axis=(2, 4, 5)) == 0).all()
    assert 0.2 < (hidden == 0).mean() < 0.8
    assert np.allclose(*inside(images, training=False))


def test_where_the_images_are_as_the_first_convolution_sees_them():
    image = keras.Input((8, 8, 3), name="photograph")
    trunk = keras.Model(image, keras.layers.Conv2D(2, 3)(image))
    assert scaled_input(build("cam", trunk, 2).network) == "photograph"
    scaling = keras.layers.Normalization(mean=[1.0] * 3, variance=[2.0] * 3, name="second")
    x = scaling(keras.layers.Rescaling(1 / 255, name="first")(image))
    trunk = keras.Model(image, keras.layers.Rescaling(2.0)(keras.layers.Conv2D(2, 3)(x)))
    assert scaled_input(build("cam", trunk, 2).network) == "second"


def test_options_reach_the_layer():
    options = {"grid_size": 8, "drop_rate": 0.25, "seed": 4}
    model = build("has", "critter_net", 3, input_shape=(16, 16, 3), **options)
    (hide,) = [layer for layer in model.network.layers if isinstance(layer, HideAndSeek)]
    assert (hide.grid_size, hide.drop_rate, hide.seed) == (8, 0.25, 4)
    with pytest.raises(ValueError, match="drop_rate"):
        build("has", "critter_net", 3, drop_rate=2)


def test_hiding_works_in_training_only():
    model = build("has", "critter_net", 3, input_shape=(16, 16, 3), seed=0)
    images = np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    model.network.trainable = False  # batch norm uses its moving statistics
    plain = np.asarray(model(images))
    assert np.allclose(model(images), plain)
    assert not np.allclose(model.network(images, training=True)["logits"], plain)
