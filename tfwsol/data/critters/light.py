"""The light of a scene and the noise of the camera, at final image size."""

from __future__ import annotations

import cv2
import numpy as np


def _illumination(size: int, rng: np.random.Generator) -> np.ndarray:
    """A float32 factor, size × size: a linear gradient and sometimes dappled light."""
    amplitude, angle = rng.uniform(0.0, 0.35), rng.uniform(0.0, 2.0 * np.pi)
    axis = np.linspace(-1.0, 1.0, size, dtype=np.float32)
    slope = np.float32(np.cos(angle)) * axis + np.float32(np.sin(angle)) * axis[:, None]
    factor = 1.0 + 0.5 * amplitude * slope * np.float32(np.sqrt(0.5))
    dappled, cells = rng.random() < 0.3, rng.random((5, 5), np.float32)
    if dappled:
        factor *= 0.78 + 0.5 * cv2.resize(cells, (size, size), interpolation=cv2.INTER_CUBIC)
    return factor


def light_up(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The pictures under one common light and with one common camera noise.

    Gradient, dappling, gain, warmth, gamma and Gaussian noise; because all pictures get the
    same, two of them that agree in a pixel still agree in it.

    Args:
        pictures: uint8, pictures × size × size × 3, RGB.
        rng: The image's ``scene`` stream; always advanced by the same number of draws.

    Returns:
        uint8 of the same shape.
    """
    size = pictures.shape[1]
    factor = _illumination(size, rng)
    gain, warmth, gamma = rng.uniform(0.82, 1.15), rng.uniform(-0.1, 0.1), rng.uniform(0.85, 1.15)
    balance = (gain / 255) * np.array([1.0 + warmth, 1.0, 1.0 - warmth], np.float32)
    noise = rng.uniform(0.004, 0.022) * rng.standard_normal((size, size, 3), np.float32)
    lit = pictures * (factor[..., None] * balance)
    lit = cv2.pow(np.clip(lit, 0.0, 1.0), gamma).reshape(pictures.shape) + noise
    return np.clip(lit * np.float32(255) + np.float32(0.5), 0, 255).astype(np.uint8)
