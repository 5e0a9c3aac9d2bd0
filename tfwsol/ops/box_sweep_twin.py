"""The boxes of all thresholds with OpenCV: what the compiled op is held against."""

from __future__ import annotations

import cv2
import numpy as np


def box_sweep_twin(
    grey: np.ndarray, levels: np.ndarray, multi_contour: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes that :func:`tfwsol.ops.box_sweep` gives, by one search per level.

    The arguments, results and errors are those of `box_sweep`; only the order of the boxes
    of one threshold is OpenCV's when `multi_contour` is set.
    """
    grey, levels = checked(grey, levels)
    found = [
        _boxes_of_image(image, row, multi_contour) for image, row in zip(grey, levels, strict=True)
    ]
    flat = [boxes for image in found for boxes in image]
    splits = np.zeros(len(flat) + 1, np.int64)
    splits[1:] = np.cumsum([len(boxes) for boxes in flat])
    return np.concatenate([np.zeros((0, 4), np.int32), *flat]), splits


def checked(grey: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two arguments as arrays, or a ValueError that names the one that does not fit."""
    grey, levels = np.asarray(grey), np.asarray(levels)
    if grey.dtype != np.uint8 or grey.ndim != 3:
        raise ValueError(
            f"grey is uint8, batch × height × width; got {grey.dtype} of shape {grey.shape}."
        )
    if levels.dtype != np.int32 or levels.ndim != 2 or len(levels) != len(grey):
        raise ValueError(
            f"levels is int32, {len(grey)} images × thresholds; got {levels.dtype} of shape "
            f"{levels.shape}."
        )
    return grey, levels


def _boxes_of_image(image: np.ndarray, levels: np.ndarray, multi: bool) -> list[np.ndarray]:
    """The boxes of each level; equal levels are searched once."""
    distinct, place = np.unique(np.clip(levels, -1, 255), return_inverse=True)
    find = _all_borders if multi else _largest_border
    boxes = [find((image > level).astype(np.uint8)) for level in distinct]
    return [boxes[index] for index in place]


def _all_borders(foreground: np.ndarray) -> np.ndarray:
    contours = _contours(foreground, cv2.RETR_LIST)
    return _corners([cv2.boundingRect(contour) for contour in contours])


def _largest_border(foreground: np.ndarray) -> np.ndarray:
    """The first of the largest; borders inside another are never larger than that."""
    contours = _contours(foreground, cv2.RETR_EXTERNAL)
    if not contours:
        return _corners([])
    return _corners([cv2.boundingRect(max(contours, key=cv2.contourArea))])


def _contours(foreground: np.ndarray, mode: int) -> tuple[np.ndarray, ...]:
    if not foreground.any():  # OpenCV refuses pictures without pixels
        return ()
    return cv2.findContours(foreground, mode, cv2.CHAIN_APPROX_SIMPLE)[0]


def _corners(rectangles: list[tuple[int, int, int, int]]) -> np.ndarray:
    boxes = np.asarray(rectangles, np.int32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return boxes
