"""The networks recorded in tests/golden/adl: their inputs and weights, by the goldens' README."""

import json
import pathlib
import zlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "adl"
WORST = 1e-4
"""Of the peak, for every output; the README allows 1e-3."""


def recorded(name="wsol_models"):
    with np.load(FOLDER / f"{name}.npz") as file:
        return dict(file)


def facts():
    return json.loads((FOLDER / "arch_facts.json").read_text())


def images_for(recorded):
    """Batch × height × width × 3."""
    size = int(recorded["size"])
    draws = np.random.default_rng([int(recorded["seed"]), size])
    return draws.standard_normal((2, 3, size, size)).astype(np.float32).transpose(0, 2, 3, 1)


def array_for(name, shape, seed):
    """The array for a PyTorch name, in PyTorch's layout."""
    z = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape)
    z = z.astype(np.float32)
    if len(shape) >= 2:
        return z * np.float32(np.sqrt(2 / np.prod(shape[1:])))
    if name.endswith("running_var"):
        return 1 + np.float32(0.2) * np.abs(z)
    if name.endswith("running_mean"):
        return np.float32(0.1) * z
    if name.endswith("weight"):
        return np.float32(0.3 if "bn3." in name else 1) * (1 + np.float32(0.1) * z)
    return np.float32(0.05) * z
