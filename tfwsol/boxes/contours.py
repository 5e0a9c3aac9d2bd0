"""Boxes round the bright regions of a map."""

from __future__ import annotations

import cv2
import numpy as np


def largest_contour_box(maps: np.ndarray, threshold: float) -> np.ndarray:
    """The box of the largest region where a map reaches a share of its maximum.

    A region is an outer contour of OpenCV's ``findContours`` (neighbours by side or corner)
    of ``map >= threshold * map.max()``. The largest has the largest contour area and, among
    thin ones that enclose none, the largest box.

    Args:
        maps: Non-negative finite numbers, ... × height × width.
        threshold: Share of the maximum, in [0, 1].

    Returns:
        float32, ... × 4: half-open pixel corners x0, y0, x1, y1 in the map. A map of zeros
        reaches its maximum everywhere, so its box is the whole map.

    Raises:
        ValueError: The maps have no height and width, or hold negative or non-finite numbers,
            or the threshold is no share.
    """
    maps = np.asarray(maps)
    if maps.ndim < 2 or 0 in maps.shape[-2:]:
        raise ValueError(f"Maps are ... × height × width; got the shape {maps.shape}.")
    if not 0 <= threshold <= 1:
        raise ValueError(f"The threshold is a share of the maximum in [0, 1]; got {threshold}.")
    if not (np.isfinite(maps) & (maps >= 0)).all():
        raise ValueError("Maps for boxes are finite and not negative; bring them to [0, 1] first.")
    bright = (maps >= threshold * maps.max(axis=(-2, -1), keepdims=True)).astype(np.uint8)
    # OpenCV takes one picture at a time.
    boxes = [_largest_box(picture) for picture in bright.reshape(-1, *maps.shape[-2:])]
    return np.asarray(boxes, np.float32).reshape(*maps.shape[:-2], 4)


def _largest_box(bright: np.ndarray) -> tuple[int, int, int, int]:
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [cv2.boundingRect(contour) for contour in contours]
    sizes = [
        (cv2.contourArea(contour), width * height)
        for contour, (_, _, width, height) in zip(contours, boxes, strict=True)
    ]
    x, y, width, height = boxes[sizes.index(max(sizes))]
    return x, y, x + width, y + height
