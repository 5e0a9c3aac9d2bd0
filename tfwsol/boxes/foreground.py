"""Boxes round the foreground of maps that are compared as they are, without grey levels."""

from __future__ import annotations

import math
from typing import Literal

import cv2
import numpy as np

Level = Literal["absolute", "of_nonzero_mean", "of_mean", "of_nonzero_rank", "of_energy"]


def component_boxes(
    maps: np.ndarray, thresholds: np.ndarray, level: Level, deviations: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes of the foreground regions of most pixels.

    Pixels are neighbours by side or corner. Among regions of equal size the one met first
    from the top left, row by row, is taken.

    Args:
        maps: batch × height × width.
        thresholds: batch × T.
        level: What a threshold is a share of; see `tfwsol.boxes.Rule`.
        deviations: How many standard deviations are added to a level of a mean.

    Returns:
        boxes: int32, N × 4: half-open corners x0, y0, x1, y1, at most one per threshold.
        splits: int64, batch · T + 1, as of `tfwsol.ops.box_sweep`.
    """
    # OpenCV takes one picture at a time.
    found = [
        _largest_component(picture)
        for score_map, row in zip(maps, thresholds, strict=True)
        for picture in foreground(score_map[None], row[None], level, deviations)[0]
    ]
    splits = np.zeros(len(found) + 1, np.int64)
    splits[1:] = np.cumsum([len(boxes) for boxes in found])
    return np.concatenate([np.zeros((0, 4), np.int32), *found]), splits


def extent_boxes(
    maps: np.ndarray, thresholds: np.ndarray, level: Level, deviations: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes round all the foreground; arguments and results are `component_boxes`'."""
    bright = foreground(maps, thresholds, level, deviations)
    height, width = maps.shape[1:]
    columns = bright.any(axis=2).reshape(-1, width)
    rows = bright.any(axis=3).reshape(-1, height)
    found = rows.any(axis=1)
    columns, rows = columns[found], rows[found]
    corners = [
        columns.argmax(axis=1),
        rows.argmax(axis=1),
        width - columns[:, ::-1].argmax(axis=1),
        height - rows[:, ::-1].argmax(axis=1),
    ]
    splits = np.zeros(len(found) + 1, np.int64)
    np.cumsum(found, out=splits[1:])
    return np.stack(corners, axis=1).astype(np.int32), splits


def foreground(
    maps: np.ndarray, thresholds: np.ndarray, level: Level, deviations: float = 0.0
) -> np.ndarray:
    """What is bright enough: bool, batch × T × height × width."""
    if level == "absolute":
        return maps[:, None] > thresholds.astype(maps.dtype)[:, :, None, None]
    bounds = _least_values(
        maps.reshape(len(maps), math.prod(maps.shape[1:])), thresholds, level, deviations
    )
    return (maps[:, None] >= bounds[:, :, None, None]) & (maps[:, None] > 0)


def _least_values(
    cells: np.ndarray, thresholds: np.ndarray, level: Level, deviations: float
) -> np.ndarray:
    """The least value of foreground, batch × T, of maps that are flat and not negative."""
    if level in ("of_nonzero_mean", "of_mean"):
        counted = cells != 0 if level == "of_nonzero_mean" else np.ones(cells.shape, bool)
        number = np.maximum(counted.sum(axis=1, keepdims=True), 1)
        mean = cells.sum(axis=1, dtype=np.float64, keepdims=True) / number
        spread = np.sqrt((((cells - mean) * counted) ** 2).sum(axis=1, keepdims=True) / number)
        mean, spread = mean.astype(cells.dtype), spread.astype(cells.dtype)
        return thresholds.astype(cells.dtype) * mean + cells.dtype.type(deviations) * spread
    ascending = np.sort(cells, axis=1)
    if level == "of_nonzero_rank":
        zeros = (cells == 0).sum(axis=1, keepdims=True)
        places = zeros + np.floor((cells.shape[1] - zeros) * thresholds).astype(np.int64)
    else:
        energy = ascending.cumsum(axis=1, dtype=np.float64)
        below = energy[:, None] <= thresholds[:, :, None] * energy[:, None, -1:]
        places = below.sum(axis=2)
    return np.take_along_axis(ascending, np.minimum(places, cells.shape[1] - 1), axis=1)


def _largest_component(bright: np.ndarray) -> np.ndarray:
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(bright.astype(np.uint8))
    if count == 1:
        return np.zeros((0, 4), np.int32)
    sizes = statistics[:, cv2.CC_STAT_AREA]
    sizes[0] = 0  # the background
    # OpenCV's own labels do not follow the rows.
    largest = (sizes == sizes.max())[labels]
    x, y, width, height = statistics[labels.flat[largest.argmax()], : cv2.CC_STAT_AREA]
    return np.array([[x, y, x + width, y + height]], np.int32)
