"""Maps of the pixels that the active cells of a layer see."""

from __future__ import annotations

import cv2
import numpy as np

from tfwsol.boxes.cell_grid import CellGrid
from tfwsol.boxes.foreground import foreground
from tfwsol.boxes.rules import Rule, named

_SIGMAS = 4.0
_BLUR = 1 / 40


def class_hypothesis_maps(
    maps: np.ndarray,
    grids: tuple[CellGrid, CellGrid],
    image_size: tuple[int, int],
    rule: str | Rule = "stnet",
    threshold: float = 1.0,
    blur: bool = True,
) -> np.ndarray:
    """The values of the foreground cells, each added to all the pixels that its cell sees.

    Biparva and Tsotsos' class hypothesis, "STNet", 2017. Its program shows these maps in the
    colours of jet, from 0.4 times their minimum to 0.8 times their maximum.

    Args:
        maps: Batch × rows × columns.
        grids: Of the rows and of the columns.
        image_size: Height and width in pixels.
        rule: How cells are compared: a preset's name, or a rule.
        threshold: What the rule calls foreground.
        blur: With a Gaussian of a fortieth of the image's sides.

    Returns:
        float32, batch × height × width.

    Raises:
        ValueError: The maps do not have three axes.
    """
    maps, rule = np.asarray(maps, np.float32), named(rule)
    if maps.ndim != 3:
        raise ValueError(f"Maps are batch × rows × columns; got the shape {maps.shape}.")
    thresholds = np.full((len(maps), 1), threshold)
    active = foreground(maps, thresholds, rule.level, rule.deviations)[:, 0]
    rows, columns = (
        _seen(cells, grid, pixels, blur)
        for cells, grid, pixels in zip(maps.shape[1:], grids, image_size, strict=True)
    )
    return np.einsum("nij,iy,jx->nyx", np.where(active, maps, 0), rows, columns, optimize=True)


def _seen(cells: int, grid: CellGrid, pixels: int, blur: bool) -> np.ndarray:
    """Which pixels along an axis each cell sees: float32, cells × pixels."""
    first = np.arange(cells) * grid.stride + grid.start - grid.receptive_field // 2
    pixel = np.arange(pixels)
    seen = (pixel >= first[:, None]) & (pixel < (first + grid.receptive_field)[:, None])
    seen = seen.astype(np.float32)
    if not blur:
        return seen
    # The blur of a product of rows and columns is the product of theirs.
    sigma = pixels * _BLUR
    width = 2 * int(_SIGMAS * sigma + 0.5) + 1
    kernel = cv2.getGaussianKernel(width, sigma, cv2.CV_32F).T
    return cv2.filter2D(seen, -1, kernel, borderType=cv2.BORDER_REFLECT)
