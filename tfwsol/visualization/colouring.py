"""Colour tables, and their blend with a photograph."""

from __future__ import annotations

import difflib

import matplotlib
import numpy as np
from matplotlib.colors import Colormap


def colour_table(colormap: str | Colormap) -> np.ndarray:
    """Returns the colours of a matplotlib colormap: float32, steps × RGB in [0, 255].

    Raises:
        ValueError: matplotlib knows no colormap of that name; the message lists near misses.
    """
    if isinstance(colormap, str):
        if colormap not in matplotlib.colormaps:
            near = difflib.get_close_matches(colormap, list(matplotlib.colormaps), n=4)
            hint = f"did you mean {', '.join(near)}?" if near else "try bwr, jet or viridis."
            raise ValueError(f"matplotlib has no colormap {colormap!r}; {hint}")
        colormap = matplotlib.colormaps[colormap]
    return (255.0 * colormap(np.arange(colormap.N))[:, :3]).astype(np.float32)


def colour(maps: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Returns the colours of maps in [0, 1]: float32, the shape of the maps × RGB in [0, 255]."""
    steps = len(table)
    return table[np.clip((maps * steps).astype(np.int64), 0, steps - 1)]


def blend(image: np.ndarray, colours: np.ndarray, alpha: float) -> np.ndarray:
    """Returns ``(1 - alpha) * image + alpha * colours`` in uint8; leading axes broadcast.

    Raises:
        ValueError: alpha lies outside [0, 1].
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"Expected alpha between 0 (image only) and 1 (map only), got {alpha}.")
    mixed = np.float32(1 - alpha) * image + np.float32(alpha) * colours
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def require_picture(image: np.ndarray) -> np.ndarray:
    """Returns the array when it is a uint8 RGB picture.

    Raises:
        ValueError: It is not.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim < 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise ValueError(
            f"Expected a picture of height × width × 3 in uint8, got {image.dtype} of shape "
            f"{image.shape}; tfwsol.data.photograph.read_image gives such pictures."
        )
    return image
