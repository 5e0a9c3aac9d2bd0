"""Boxes round the foreground of maps that are compared as they are, without grey levels."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

Level = Literal["absolute", "of_nonzero_mean"]


def component_boxes(
    maps: np.ndarray, thresholds: np.ndarray, level: Level
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes of the foreground regions of most pixels.

    Pixels are neighbours by side or corner. Among regions of equal size the one met first
    from the top left, row by row, is taken.

    Args:
        maps: batch × height × width.
        thresholds: batch × T.
        level: What a threshold is a share of; see `tfwsol.boxes.Rule`.

    Returns:
        boxes: int32, N × 4: half-open corners x0, y0, x1, y1, at most one per threshold.
        splits: int64, batch · T + 1, as of `tfwsol.ops.box_sweep`.
    """
    # OpenCV takes one picture at a time.
    found = [
        _largest_component(picture)
        for score_map, row in zip(maps, thresholds, strict=True)
        for picture in foreground(score_map[None], row[None], level)[0]
    ]
    splits = np.zeros(len(found) + 1, np.int64)
    splits[1:] = np.cumsum([len(boxes) for boxes in found])
    return np.concatenate([np.zeros((0, 4), np.int32), *found]), splits


def extent_boxes(
    maps: np.ndarray, thresholds: np.ndarray, level: Level
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes round all the foreground; arguments and results are `component_boxes`'."""
    bright = foreground(maps, thresholds, level)
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


def foreground(maps: np.ndarray, thresholds: np.ndarray, level: Level) -> np.ndarray:
    """What is bright enough: bool, batch × T × height × width."""
    bounds = thresholds.astype(maps.dtype)[:, :, None, None]
    if level == "absolute":
        return maps[:, None] > bounds
    counts = np.maximum((maps != 0).sum(axis=(1, 2)), 1)
    means = (maps.sum(axis=(1, 2), dtype=np.float64) / counts).astype(maps.dtype)
    return (maps[:, None] >= bounds * means[:, None, None, None]) & (maps[:, None] > 0)


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
