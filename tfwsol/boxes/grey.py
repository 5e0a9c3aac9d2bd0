"""Score maps as the 256 grey levels whose contours are searched."""

from __future__ import annotations

import functools
from typing import Literal

import cv2
import numpy as np


def quantised(maps: np.ndarray, grey: Literal["truncate", "cubehelix"]) -> np.ndarray:
    """The maps as uint8 of the same shape, rounded down.

    Args:
        maps: Floating point in [0, 1]. The product is formed in their own precision.
        grey: ``truncate``: 255 · map. ``cubehelix``: the brightness of 256 colours of that map,
            a staircase at most 1 away from it (the detour of the first ADL programs).
    """
    if grey == "truncate":
        return (maps * maps.dtype.type(255)).astype(np.uint8)
    return cubehelix_grey()[np.minimum((maps * 256).astype(np.int32), 255)]


@functools.cache
def cubehelix_grey() -> np.ndarray:
    """The grey of each of the 256 cubehelix colours, uint8, never falling.

    The colours are those of Green, "A colour scheme for the display of astronomical intensity
    images", 2011, with start 0.5, -1.5 rotations, hue 1 and gamma 1; they are truncated to
    uint8 and turned to grey by OpenCV.
    """
    share = np.linspace(0, 1, 256)[:, None]
    angle = 2 * np.pi * (0.5 / 3 - 1.5 * share)
    cosines = np.array([-0.14861, -0.29227, 1.97294])
    sines = np.array([1.78277, -0.90649, 0.0])
    amplitude = share * (1 - share) / 2
    colours = share + amplitude * (cosines * np.cos(angle) + sines * np.sin(angle))
    pixels = (colours.clip(0, 1) * 255).astype(np.uint8)
    return cv2.cvtColor(pixels[None], cv2.COLOR_RGB2GRAY)[0]
