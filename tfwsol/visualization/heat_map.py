"""Attention maps brought to picture size and to the range [0, 1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def resize_maps(maps: ArrayLike, size: tuple[int, int]) -> np.ndarray:
    """Returns the maps at another size, linear between the centres of their cells.

    Enlarging equals ``skimage.transform.resize`` with order 1 and its defaults, the rendering
    of the L2-CAF programs: half-pixel centres, mirrored about the centres of the border cells.
    Shrinking widens the triangle, so that every cell counts.

    Args:
        maps: Real numbers, any leading axes × height × width.
        size: (height, width) in pixels.

    Returns:
        float32, the same leading axes × size.

    Raises:
        ValueError: The maps have fewer than two axes or no cells, or the size is not positive.
    """
    maps = _as_maps(maps)
    rows = interpolation_matrix(maps.shape[-2], size[0])
    columns = interpolation_matrix(maps.shape[-1], size[1])
    return sample(maps, rows, columns)


def normalise_maps(maps: ArrayLike, symmetric: bool = False) -> np.ndarray:
    """Returns every map stretched to [0, 1] over its last two axes; never NaN.

    Args:
        maps: Real numbers, any leading axes × height × width.
        symmetric: False puts the least value at 0 and the largest at 1; a map that is constant
            or not finite becomes zeros. True is for signed maps: zero stays in the middle, at
            0.5, and the largest magnitude reaches 0 or 1; a map of zeros or one that is not
            finite becomes 0.5 everywhere.

    Returns:
        float32, the shape of the maps.

    Raises:
        ValueError: The maps have fewer than two axes or no cells.
    """
    maps = _as_maps(maps)
    cells = (-2, -1)
    low, high = maps.min(cells, keepdims=True), maps.max(cells, keepdims=True)
    peak = np.maximum(np.abs(low), np.abs(high))
    if symmetric:
        low, span, rest = -peak, 2 * peak, 0.5
        usable = np.isfinite(peak) & (peak > 0)
    else:
        span, rest = np.where(np.isfinite(peak), high, 0) - np.where(np.isfinite(peak), low, 0), 0.0
        # Below this the contrast of a constant float32 map is only rounding noise.
        usable = np.isfinite(peak) & (span > 4 * np.finfo(np.float32).eps * peak)
    with np.errstate(invalid="ignore", over="ignore"):
        stretched = (maps - low) / np.where(usable, span, 1.0)
    return np.where(usable, stretched, rest).astype(np.float32)


def interpolation_matrix(
    cells: int, pixels: int, start: float = 0.0, stop: float | None = None
) -> np.ndarray:
    """Returns the weights that read a row of cells at the centres of a row of pixels.

    Pixels outside the row of cells read its border.

    Args:
        cells: Number of cells.
        pixels: Number of pixels; pixel i has its centre at i + 0.5.
        start: Where the row of cells begins, in pixels.
        stop: Where it ends, in pixels; None: after the last pixel.

    Returns:
        float64, pixels × cells, rows of sum 1.

    Raises:
        ValueError: No pixels, or a stop that does not lie behind the start.
    """
    stop = pixels if stop is None else stop
    if pixels < 1 or not stop > start:
        raise ValueError(
            f"Expected a positive number of pixels and start < stop, got {pixels} pixels "
            f"from {start} to {stop}."
        )
    cells_per_pixel = cells / (stop - start)
    reach = max(1.0, cells_per_pixel)
    centres = np.clip((np.arange(pixels) + 0.5 - start) * cells_per_pixel, 0, cells) - 0.5
    margin = int(np.ceil(reach))
    taps = np.arange(-margin, cells + margin)
    weights = np.maximum(0.0, 1.0 - np.abs(centres[:, None] - taps) / reach)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ (_mirrored(taps, cells)[:, None] == np.arange(cells))


def sample(maps: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Returns the maps read through one interpolation matrix per axis, in float32."""
    with np.errstate(invalid="ignore", over="ignore"):
        return (rows @ maps @ columns.T).astype(np.float32)


def _mirrored(index: np.ndarray, length: int) -> np.ndarray:
    """Returns the indices folded back at the first and the last element, each counted once."""
    period = max(2 * (length - 1), 1)
    folded = index % period
    return np.minimum(folded, period - folded) if length > 1 else np.zeros_like(index)


def _as_maps(maps: ArrayLike) -> np.ndarray:
    maps = np.asarray(maps).astype(np.float64)
    if maps.ndim < 2 or 0 in maps.shape[-2:]:
        raise ValueError(f"Expected maps of height × width cells, got the shape {maps.shape}.")
    return maps
