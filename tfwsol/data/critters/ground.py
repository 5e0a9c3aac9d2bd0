"""Natural backgrounds: two-tone fractal noise under one of six textures."""

from __future__ import annotations

import cv2
import numpy as np

from .palette import LANDSCAPE_JITTER, LANDSCAPES, jitter
from .textures import TEXTURES

_OCTAVES = ((3, 0.5), (9, 0.3), (28, 0.2))


def fractal_noise(size: int, rng: np.random.Generator) -> np.ndarray:
    """A float32 field, size × size, in 0 to 1, of three octaves with cells of 1/3, 1/9, 1/28."""
    field = np.zeros((size, size), np.float32)
    for cells, weight in _OCTAVES:
        grid = rng.random((cells + 1, cells + 1), np.float32)
        field += weight * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(field, 0.0, 1.0)


def paint_ground(size: int, rng: np.random.Generator) -> np.ndarray:
    """A fresh uint8 RGB canvas, size × size × 3, with a landscape that holds no objects.

    Args:
        size: Side in canvas pixels.
        rng: The image's ``scene`` stream.
    """
    pair = LANDSCAPES[int(rng.integers(len(LANDSCAPES)))]
    dark, light = (jitter(tone, LANDSCAPE_JITTER, rng) for tone in pair)
    field = fractal_noise(size, rng)
    ramp = dark + (light - dark) * np.linspace(0.0, 1.0, 256)[:, None]
    level = np.clip((field - 0.2) * (255 / 0.6), 0, 255).astype(np.uint8)
    canvas = cv2.LUT(cv2.merge([level] * 3), ramp.round().astype(np.uint8)[None])
    TEXTURES[int(rng.integers(len(TEXTURES)))](canvas, dark, light, rng)
    return canvas
