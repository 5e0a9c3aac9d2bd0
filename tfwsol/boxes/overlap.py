"""How far two boxes agree."""

from __future__ import annotations

import numpy as np


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes, float64 in [0, 1].

    Args:
        a: Half-open pixel corners x0, y0, x1, y1 in the last axis, so that a box is x1 - x0
            pixels wide. The other axes are free.
        b: The same; leading axes are broadcast against those of `a`. All pairs of two lists
            come from ``iou(a[:, None], b)``.

    Returns:
        One number per box in the broadcast leading axes. Two empty boxes have none in common
        and give 0.

    Raises:
        ValueError: The last axis has not four entries, or a box ends before it begins.
    """
    a, b = _checked(a), _checked(b)
    corner = np.maximum(a[..., :2], b[..., :2])
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - corner, 0.0)
    common = sides.prod(axis=-1)
    union = _area(a) + _area(b) - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def iou_inclusive(a: np.ndarray, b: np.ndarray, touching_overlaps: bool = True) -> np.ndarray:
    """Intersection over union of boxes whose last pixel belongs to them, float64 in [0, 1].

    This is the convention of the published protocols: a box is x1 - x0 + 1 pixels wide (also
    where its corners were made half-open; that is theirs to answer for). `iou` is the half-open
    one.

    Args:
        a: Corners x0, y0, x1, y1 in the last axis. The other axes are free.
        b: The same; leading axes are broadcast against those of `a`. All pairs of two lists
            come from ``iou_inclusive(a[:, None], b)``.
        touching_overlaps: False gives 0 to boxes that share only a line or a pixel (STNet).

    Returns:
        One number per box in the broadcast leading axes. A box that ends before it begins,
        as protocols make of one outside their crop, keeps its signed area, and a union that is
        not positive gives 0, as in their programs.

    Raises:
        ValueError: The last axis has not four entries.
    """
    # One coordinate at a time: whole axes of four are several times slower.
    a, b = (np.moveaxis(_of_four(boxes), -1, 0) for boxes in (a, b))
    width = np.minimum(a[2], b[2]) - np.maximum(a[0], b[0])
    height = np.minimum(a[3], b[3]) - np.maximum(a[1], b[1])
    common = np.maximum(width + 1, 0) * np.maximum(height + 1, 0)
    if not touching_overlaps:
        common = np.where((width > 0) & (height > 0), common, 0.0)
    union = _inclusive_area(a) + _inclusive_area(b) - common
    return np.divide(common, union, out=np.zeros_like(union), where=union > 0)


def _inclusive_area(corners: np.ndarray) -> np.ndarray:
    return (corners[2] - corners[0] + 1) * (corners[3] - corners[1] + 1)


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2:] - boxes[..., :2]).prod(axis=-1)


def _of_four(boxes: np.ndarray) -> np.ndarray:
    boxes = np.asarray(boxes, np.float64)
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ValueError(f"Boxes end in an axis of x0, y0, x1, y1; got the shape {boxes.shape}.")
    return boxes


def _checked(boxes: np.ndarray) -> np.ndarray:
    boxes = _of_four(boxes)
    if (boxes[..., 2:] < boxes[..., :2]).any():
        raise ValueError(
            "A box ends before it begins; expected x0 <= x1 and y0 <= y1 in the order "
            "x0, y0, x1, y1."
        )
    return boxes
