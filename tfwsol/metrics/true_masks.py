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
        mask: Height × width of the image: the union of the objects, bool or 0 and positive.
        ignore_mask: The same of what counts as neither; None: nothing.
        side: Of the square that score maps have.

    Raises:
        ValueError: A mask is not height × width.
    """
    labels = nearest(mask, side).astype(np.uint8)
    if ignore_mask is not None:
        labels[nearest(ignore_mask, side) & (labels == 0)] = IGNORED
    return labels


def nearest(mask: Any, side: int = SIDE) -> np.ndarray:
    """A mask at another size by the nearest pixel, bool, side × side.

    Args:
        mask: Height × width, bool or 0 and positive.
        side: Of the square.

    Raises:
        ValueError: The mask is not height × width.
    """
    mask = as_array(mask)
    if mask.ndim != 2 or 0 in mask.shape:
        raise ValueError(f"A mask is height × width; got the shape {mask.shape}.")
    rows, columns = (_sources(size, side) for size in mask.shape)
    return mask[np.ix_(rows, columns)] > 0


def _sources(size: int, side: int) -> np.ndarray:
    # With these two divisions; others pick another pixel at common sizes, such as 400 and 800.
    places = np.floor(np.arange(side) * (1 / (side / size))).astype(np.int64)
    return np.minimum(places, size - 1)
