import keras
import numpy as np

from tfwsol.layers import ADL, HideAndSeek
from tfwsol.methods.networks.inference import inference_network


def test_layers_of_training_and_their_outputs_are_left_out():
    image = keras.Input((8, 8, 3), name="image")
    x = HideAndSeek(2)(image)
    first = keras.layers.Conv2D(4, 3, activation="relu", name="first")(x)
    x = ADL(name="gate")(first)
    pair = keras.layers.Concatenate(name="pair")([x, first])
    maps = keras.layers.Conv2D(2, 1, name="maps")(ADL(name="last")(pair))
    side = keras.layers.Conv2D(1, 1, name="side")(x)
    network = keras.Model(image, {"maps": maps, "last": pair, "side": side}, name="own")
    small = inference_network(network, ("maps", "last"))
    assert small.name == "own"
    assert {layer.name for layer in small.layers} == {"image", "first", "pair", "maps"}
    assert {id(v) for v in small.variables} < {id(v) for v in network.variables}
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    wanted, found = network(images), small(images, training=True)
    assert set(found) == {"maps", "last"}
    assert all(np.allclose(found[name], wanted[name], atol=1e-6) for name in found)
    assert len(network.layers) == 8


def test_an_output_that_is_only_behind_a_gate():
    image = keras.Input((4, 4, 1))
    network = keras.Model(image, {"maps": ADL()(image)})
    images = np.ones((1, 4, 4, 1), "float32")
    assert np.array_equal(inference_network(network, ("maps",))(images)["maps"], images)
