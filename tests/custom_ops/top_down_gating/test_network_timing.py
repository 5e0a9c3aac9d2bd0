import numpy as np
import pytest

from tfwsol.custom_ops.top_down_gating import network_timing
from tfwsol.custom_ops.top_down_gating.network_timing import (
    ALEXNET,
    SMALL,
    VGG16,
    Chain,
    layer_shapes,
)


def test_the_networks_have_the_published_shapes():
    # Specification: AlexNet's sides 55 27 27 13 13 13 13 6 1; VGG-16 halves five times.
    shapes = layer_shapes(ALEXNET, (2, 224, 224, 3))
    assert [shape[1] for shape in shapes[:10]] == [224, 55, 27, 27, 13, 13, 13, 13, 6, 1]
    assert shapes[-4:] == [(2, 1, 1, 4096), (2, 4096), (2, 4096), (2, 1000)]
    shapes = layer_shapes(VGG16, (1, 224, 224, 3))
    assert [shape for shape in shapes if len(shape) == 4][-2:] == [(1, 7, 7, 512), (1, 1, 1, 4096)]
    assert sum(layer.kind == "conv" for layer in VGG16) == 14


def test_a_chain_hands_the_gate_of_the_class_down_to_the_image(emulated):
    chain = Chain(emulated, SMALL, 16, 3)
    chain.run()
    gates = [one.result().below for one in chain.passes]
    assert gates[-1].shape == (3, 16, 16, 3)
    mass = np.array([array.reshape(3, -1).sum(1) for array in gates])
    assert (np.diff(mass, axis=0, prepend=1) < 1e-5).all()  # units may be dropped on the way
    assert (mass[-1] > 0.5).sum() == 2  # the third image's class is not active
    assert all((array >= 0).all() for array in gates)
    sizes = [array.size for array in gates]
    above = [3 * 5, *sizes[:-1]]
    assert chain.bytes == 4 * (2 * sum(sizes) + sum(above))


def test_the_forward_pass_of_the_same_network():
    torch = pytest.importorskip("torch", reason="PyTorch is no dependency of ours")
    network = network_timing._torch_network(SMALL, 16)
    assert network(torch.zeros(2, 3, 16, 16)).shape == (2, 5)
