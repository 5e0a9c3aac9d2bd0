"""Attention maps laid over the photographs they explain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Colormap

from tfwsol.localization import Localization
from tfwsol.visualization.colouring import blend, colour, colour_table, require_picture
from tfwsol.visualization.heat_map import interpolation_matrix, normalise_maps, sample


def overlay(
    images: Sequence[np.ndarray] | np.ndarray,
    localization: Localization,
    colormap: str | Colormap = "bwr",
    alpha: float = 0.6,
    symmetric: bool = False,
) -> list[np.ndarray]:
    """Returns every photograph under each of its maps, at the photograph's own size.

    The map is enlarged to the pixels it covers, stretched to [0, 1] there and blended as
    ``(1 - alpha) * image + alpha * colour`` (the rendering of the L2-CAF programs). Where the
    record has regions, pixels outside an image's region stay the plain image.

    Args:
        images: One picture per record row, uint8, height × width × 3 of any sizes (video
            records: frames × height × width × 3, or one picture for all frames).
        localization: The record; tensors are accepted.
        colormap: A matplotlib colormap or its name.
        alpha: The weight of the map's colour, between 0 and 1.
        symmetric: Stretch signed maps around zero, which then gets the middle colour.

    Returns:
        One uint8 array per image: classes asked × height × width × 3 (video: classes asked ×
        frames × height × width × 3).

    Raises:
        ValueError: The numbers of images and records differ, a picture is not uint8 RGB, a
            region is empty, alpha lies outside [0, 1], or the colormap is unknown.
    """
    maps = np.asarray(localization.maps)
    if len(images) != len(maps):
        raise ValueError(
            f"Expected one image per record row, got {len(images)} images for {len(maps)} rows."
        )
    regions = [None] * len(maps)
    if localization.regions is not None:
        regions = list(np.asarray(localization.regions, np.float64))
    table = colour_table(colormap)
    return [
        np.stack([overlay_map(image, one, table, alpha, symmetric, region) for one in rows])
        for image, rows, region in zip(images, maps, regions, strict=True)
    ]


def overlay_map(
    image: np.ndarray,
    score_map: np.ndarray,
    table: np.ndarray,
    alpha: float,
    symmetric: bool = False,
    region: Sequence[float] | None = None,
) -> np.ndarray:
    """Returns one picture under one map.

    Args:
        image: uint8, height × width × 3; frames may lead.
        score_map: Real numbers, map height × map width; frames may lead.
        table: The colours, as ``colour_table`` gives them.
        alpha: The weight of the map's colour.
        symmetric: As for ``overlay``.
        region: x0, y0, x1, y1 of the map in pixels of the image; None: the whole image.

    Returns:
        uint8, (frames ×) height × width × 3.

    Raises:
        ValueError: As for ``overlay``.
    """
    image, score_map = require_picture(image), np.asarray(score_map).astype(np.float64)
    height, width = image.shape[-3:-1]
    x0, y0, x1, y1 = (0, 0, width, height) if region is None else region
    rows, y_weights = _covered(score_map.shape[-2], height, y0, y1)
    columns, x_weights = _covered(score_map.shape[-1], width, x0, x1)
    result = np.broadcast_to(image, (*score_map.shape[:-2], height, width, 3)).copy()
    if y_weights.size and x_weights.size:
        shown = normalise_maps(sample(score_map, y_weights, x_weights), symmetric)
        part = (..., rows, columns, slice(None))
        result[part] = blend(result[part], colour(shown, table), alpha)
    return result


def _covered(cells: int, pixels: int, start: float, stop: float) -> tuple[slice, np.ndarray]:
    """Returns the pixels whose centres lie in [start, stop), and their interpolation matrix."""
    weights = interpolation_matrix(cells, pixels, start, stop)
    first = min(max(int(np.ceil(start - 0.5)), 0), pixels)
    last = max(min(int(np.ceil(stop - 0.5)), pixels), first)
    return slice(first, last), weights[first:last]
