"""Maps that look at nothing: what any method has to beat."""

from __future__ import annotations

import numpy as np


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
