"""True masks as the label images that pixels are compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfwsol.metrics.counting_metric import as_array
from tfwsol.metrics.pixel_histogram import IGNORED

SIDE = 224


def label_image(mask: Any, ignore_mask: Any = None, side: int = SIDE) -> np.ndarray:
    """1 object, 255 ignored, 0 background: uint8, side × side, as `PxAP` takes it.

    Each mask is resized to the nearest pixel as OpenCV does it; an ignored pixel that is the
    object's, too, is the object's. Choe et al., "Evaluating Weakly Supervised Object
    Localization Methods Right", CVPR 2020.

    Args:
        mask: Height × width: 1 where an object is, 0 where none is, 255 where nobody looked.
            A mask file of 0 and 255 is given as ``pixels > 0``.
        ignore_mask: 1 where pixels do not count, else 0; None: all count.
        side: Of the square that score maps have.

    Raises:
        ValueError: A mask is not height × width, or holds other values.
    """
    mask = nearest(mask, side)
    ignored = mask == IGNORED
    if ignore_mask is not None:
        ignored |= (nearest(ignore_mask, side) == 1) & (mask != 1)
    return np.where(ignored, np.uint8(IGNORED), mask == 1)


def nearest(mask: Any, side: int = SIDE) -> np.ndarray:
    """A mask at another size by the nearest pixel, uint8, side × side.

    Args:
        mask: Height × width of 0, 1 and 255, or bool.
        side: Of the square.

    Raises:
        ValueError: The mask is not height × width, or holds other values.
    """
    mask = as_array(mask)
    if mask.ndim != 2 or 0 in mask.shape:
        raise ValueError(f"A mask is height × width; got the shape {mask.shape}.")
    rows, columns = (_sources(size, side) for size in mask.shape)
    seen = mask[np.ix_(rows, columns)]
    if not np.isin(seen, (0, 1, IGNORED)).all():
        raise ValueError(f"A mask holds 0, 1 and {IGNORED} for unknown; got {np.unique(seen)}.")
    return seen.astype(np.uint8)


def _sources(size: int, side: int) -> np.ndarray:
    # With these two divisions; others pick another pixel at common sizes, such as 400 and 800.
    places = np.floor(np.arange(side) * (1 / (side / size))).astype(np.int64)
    return np.minimum(places, size - 1)
