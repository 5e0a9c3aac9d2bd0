"""The outputs of torchvision's own networks, recorded with weights made from their names."""

import keras
import numpy as np
import pytest

import stnet_networks
from stnet_networks import NETWORKS, WORST
from tfwsol import backbones, checkpoints


def filled(network, sides):
    """The network of this package with the tensors of the recorded one, each used once."""
    name, options = NETWORKS[network]
    model = backbones.build(name, input_shape=(*sides, 3), **options)
    filling = checkpoints.fill(model, stnet_networks.tensors(network))
    assert filling.source == "torchvision"
    assert sorted(filling.filled) == sorted(stnet_networks.shapes(network))
    assert not filling.initialised
    assert not filling.unused
    return model


def relative_error(found, wanted):
    assert found.shape == wanted.shape
    return np.abs(np.asarray(found) - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize(
    "network",
    [pytest.param(n, marks=pytest.mark.slow if n == "alexnet" else ()) for n in NETWORKS],
)
def test_every_recorded_map(network):
    recorded = stnet_networks.recorded(network)
    weights = None
    for sides, wanted in recorded.items():
        if weights is None:
            model = filled(network, sides)
            weights = model.get_weights()
        else:
            name, options = NETWORKS[network]
            model = backbones.build(name, input_shape=(*sides, 3), **options)
            model.set_weights(weights)
        maps = {**backbones.endpoints(model), "logits": model.output}
        found = keras.Model(model.input, maps)(stnet_networks.images(*sides))
        for endpoint, values in wanted.items():
            got = np.asarray(found[endpoint])
            got = got if endpoint == "logits" else got[0].mean(-1)
            assert relative_error(got, values) < WORST, (sides, endpoint)


def test_enough_is_recorded():
    sides = {network: list(stnet_networks.recorded(network)) for network in NETWORKS}
    assert [len(found) for found in sides.values()] == [1, 2, 2, 2, 2]
    for network in ("googlenet", "squeezenet_1_0", "squeezenet_1_1"):
        for wanted in stnet_networks.recorded(network).values():
            assert {"pool1", "logits"} <= set(wanted)
            assert len(wanted) >= 12


def test_a_file_of_named_tensors_becomes_the_network(tmp_path):
    network = "squeezenet_1_1"
    name, options = NETWORKS[network]
    np.savez(tmp_path / "squeezenet.npz", **stnet_networks.tensors(network))
    file = tmp_path / "squeezenet.npz"
    model = checkpoints.convert(file, name, input_shape=(64, 83, 3), **options)
    wanted = stnet_networks.recorded(network)[64, 83]["logits"]
    assert relative_error(np.asarray(model(stnet_networks.images(64, 83))), wanted) < WORST


def test_the_head_of_a_file_says_how_many_classes(tmp_path):
    tensors = stnet_networks.tensors("squeezenet_1_1")
    for name in ("classifier.1.weight", "classifier.1.bias"):
        tensors[name] = tensors[name][:7]
    np.savez(tmp_path / "seven.npz", **tensors)
    model = checkpoints.convert(
        tmp_path / "seven.npz", "squeezenet", input_shape=(64, 64, 3), version="1.1"
    )
    assert model.output.shape == (None, 7)
