"""Maps that look at nothing: what any method has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TRIVIAL = ("centred_gaussian", "full_image", "random")
"""Names of the maps that need no model, as flags and tables use them."""

ALREADY_SCALED = ("full_image",)
"""Those that a stretch to [0, 1] would destroy."""

_SIDE = 224
_NOISE_SIDE = 14
_NUMBERS_PER_STEP = 4  # of the counter of NumPy's Philox generator


def centred_gaussian(count: int, size: tuple[int, int], deviation: float = 0.25) -> np.ndarray:
    """The same bump in the middle of every image.

    Args:
        count: Images.
        size: (height, width) of the maps.
        deviation: Standard deviation along each axis as a share of that side.

    Returns:
        float32, count × height × width, 1 at the centre.
    """
    y, x = ((np.arange(side) - (side - 1) / 2) / (deviation * side) for side in size)
    bump = np.exp(-0.5 * (y[:, None] ** 2 + x[None, :] ** 2))
    return np.broadcast_to(bump.astype(np.float32), (count, *size))


def random_maps(count: int, size: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Independent uniform noise in every cell, float32, count × height × width."""
    return np.random.default_rng(seed).random((count, *size), np.float32)


def trivial_maps(names: Sequence[str], start: int, count: int, seed: int = 0) -> dict:
    """The trivial maps of `count` images from the one at `start` on, by name.

    "centred_gaussian" covers 224 × 224 pixels. "full_image" is 1 everywhere, which makes the
    whole image its box. "random" is noise of 14 × 14 cells, the same for an image whatever else
    is in its batch.

    Raises:
        KeyError: A name is not in `TRIVIAL`.
    """
    makers = {
        "centred_gaussian": lambda: centred_gaussian(count, (_SIDE, _SIDE)),
        "full_image": lambda: np.ones((count, _SIDE, _SIDE)),
        "random": lambda: _noise(start, count, seed),
    }
    return {name: makers[name]() for name in names}


def _noise(start: int, count: int, seed: int) -> np.ndarray:
    bits = np.random.Philox(seed)
    bits.advance(start * _NOISE_SIDE**2 // _NUMBERS_PER_STEP)
    return np.random.Generator(bits).random((count, _NOISE_SIDE, _NOISE_SIDE))
