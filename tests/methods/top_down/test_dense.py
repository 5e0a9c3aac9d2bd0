import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.methods import STNet
from tfwsol.ops import bridge_gating, conv_gating, dense_gating

BRIDGE, DENSE = ("699", 1), ("699", 2)


def dense_network(head):
    keras.utils.set_random_seed(1)
    image = keras.Input((12, 10, 3), name="image")
    x = layers.Conv2D(6, 3, 2, activation="relu", name="map")(image)
    return keras.Model(image, head(x))


def as_dense(x):
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    x = layers.Dense(40, "relu", name="fc6")(x)
    return layers.Dense(3, "softmax", name="fc8")(layers.Dense(30, "relu", name="fc7")(x))


def as_convolutions(x):
    x = layers.Conv2D(40, (5, 4), activation="relu", name="fc6")(x)
    x = layers.Conv2D(30, 1, activation="relu", name="fc7")(x)
    return layers.Flatten()(layers.Conv2D(3, 1, activation="softmax", name="fc8")(x))


def test_by_the_operations(images):
    model = dense_network(as_dense)
    method = STNet(
        model, "alexnet", "map", modes={"bridge": BRIDGE, "dense": DENSE}, keep_gates=True
    )
    found = np.array(method.localize(images, 1).details["gates"])[:, 0]
    names = ("map", "fc6", "fc7")
    x, fc6, fc7 = keras.Model(model.inputs, [model.get_layer(n).output for n in names])([images])
    kernels = {n: np.array(model.get_layer(n).get_weights()[0]) for n in ("fc6", "fc7", "fc8")}
    gates = np.tile(np.eye(3, dtype="float32")[1], (3, 1))
    gates = dense_gating(np.array(fc7), kernels["fc8"], gates, *DENSE)
    gates = dense_gating(np.array(fc6), kernels["fc7"], gates, *DENSE)
    gates = np.array(bridge_gating(gates, np.ones(3, "float32"), *BRIDGE))
    wanted = conv_gating(np.array(x), kernels["fc6"].reshape(5, 4, 6, 40), gates[:, None, None])
    assert found.any()
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)


def test_dense_layers_are_convolutions(images):
    one, other = dense_network(as_dense), dense_network(as_convolutions)
    other.set_weights(
        [w.reshape(v.shape) for w, v in zip(one.get_weights(), other.get_weights(), strict=True)]
    )
    maps = [np.array(STNet(m, "alexnet", "map").localize(images, 1).maps) for m in (one, other)]
    assert maps[0].any()
    np.testing.assert_allclose(*maps, rtol=1e-5, atol=1e-7)


def test_layers_by_name(images):
    model = dense_network(as_dense)

    def maps(**modes):
        return np.array(STNet(model, "alexnet", "map", modes=modes).localize(images, 1).maps)

    assert not np.allclose(maps(), maps(fc7="1"))
    assert not np.allclose(maps(), maps(fc6="1"))  # the bridge on top of it
    np.testing.assert_array_equal(maps(fc6="1"), maps(bridge="1"))


@pytest.mark.parametrize("turned", [True, False])
def test_a_turned_map_is_no_map(images, turned):
    def head(x):
        x = layers.Permute((3, 1, 2) if turned else (1, 2, 3))(x)
        return layers.Dense(3)(layers.Dense(20, "relu", name="first")(layers.Flatten()(x)))

    method = STNet(dense_network(head), "alexnet", "map", modes={"bridge": "1"}, keep_gates=True)
    found = method.localize(images)
    mass, dropped = (np.array(found.details[f"layer_{name}"]) for name in ("mass", "dropped"))
    mass, dropped = mass[..., -1], dropped.sum(-1)
    assert mass.any()
    np.testing.assert_allclose(mass + dropped, 1, rtol=1e-4)
    # Cells of several channels: no connected group of one was chosen.
    many = STNet(
        dense_network(head), "alexnet", "map", modes={"first": ("699", 5)}, keep_gates=True
    )
    gates = np.array(many.localize(images).details["gates"])
    channels = (gates > 0).any(axis=(0, 1, 2, 3)).sum()
    assert channels > 1
