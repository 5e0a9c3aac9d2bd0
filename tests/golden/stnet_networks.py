"""What torchvision 0.29 (PyTorch 2.15) makes of images with weights made from their names.

`outputs.npz` holds ``<network>__<height>x<width>__<endpoint>``: of ``logits`` all, of maps with at
most 600 cells the mean over channels of the first image, height × width. `shapes.json` holds the
names of the tensors in a file of the network and their shapes, counters left out. The narrow
AlexNet is torchvision's with an eighth of the channels; all but the wide one have 12 classes.
"""

import json
import pathlib

import numpy as np

from adl_networks import array_for

FOLDER = pathlib.Path(__file__).parent / "stnet_networks_recorded"
WORST = 1e-5
"""Of the peak; found were 1e-6 at most."""

NETWORKS = {
    "alexnet": ("alexnet", {}),
    "alexnet_narrow": ("alexnet", {"width": 1 / 8, "num_classes": 12}),
    "googlenet": ("googlenet", {"num_classes": 12}),
    "squeezenet_1_0": ("squeezenet", {"num_classes": 12}),
    "squeezenet_1_1": ("squeezenet", {"num_classes": 12, "version": "1.1"}),
}
"""The recorded networks: a name of `backbones.names()`, and options."""


def recorded(network):
    """By size, (height, width): the recorded arrays by endpoint."""
    found = {}
    with np.load(FOLDER / "outputs.npz") as file:
        for key in file.files:
            name, size, endpoint = (*key.split("__"), "", "")[:3]
            if name == network:
                sides = tuple(int(side) for side in size.split("x"))
                found.setdefault(sides, {})[endpoint] = file[key]
    return found


def tensors(network):
    """What `torch.save` would have written for the network, by name."""
    seed = _seed()
    return {name: array_for(name, shape, seed) for name, shape in shapes(network).items()}


def shapes(network):
    every = json.loads((FOLDER / "shapes.json").read_text("utf-8"))
    return {name: tuple(shape) for name, shape in every[network].items()}


def images(height, width):
    """Two of them, batch × height × width × 3."""
    draws = np.random.default_rng([_seed(), height, width])
    return draws.standard_normal((2, 3, height, width)).astype(np.float32).transpose(0, 2, 3, 1)


def _seed():
    with np.load(FOLDER / "outputs.npz") as file:
        return int(file["seed"])
