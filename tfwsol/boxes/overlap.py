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


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2:] - boxes[..., :2]).prod(axis=-1)


def _checked(boxes: np.ndarray) -> np.ndarray:
    boxes = np.asarray(boxes, np.float64)
    if boxes.ndim == 0 or boxes.shape[-1] != 4:
        raise ValueError(f"Boxes end in an axis of x0, y0, x1, y1; got the shape {boxes.shape}.")
    if (boxes[..., 2:] < boxes[..., :2]).any():
        raise ValueError(
            "A box ends before it begins; expected x0 <= x1 and y0 <= y1 in the order "
            "x0, y0, x1, y1."
        )
    return boxes
