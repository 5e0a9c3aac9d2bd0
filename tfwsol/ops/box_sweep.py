"""The boxes round the bright regions of maps, at every threshold in one sweep."""

from __future__ import annotations

import numpy as np

from tfwsol.ops import library
from tfwsol.ops.box_sweep_twin import box_sweep_twin, checked


def box_sweep(
    grey: np.ndarray, levels: np.ndarray, multi_contour: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes of all regions brighter than each level, for many images and levels.

    Regions are those of OpenCV's ``findContours``: neighbours by side or corner, and every
    box is its ``boundingRect``, so a hole's box is that of its rim.

    Args:
        grey: uint8, batch × height × width.
        levels: int32, batch × thresholds. A pixel is in a region of its image where
            ``grey > level``.
        multi_contour: False: the one box whose border encloses the largest polygon area; among
            equals, the one whose topmost (then leftmost) pixel comes last, as in OpenCV's list.
            True: the boxes of all borders, outer ones and holes, in free order; boxes may repeat.

    Returns:
        boxes: int32, N × 4: half-open pixel corners x0, y0, x1, y1.
        splits: int64, batch · thresholds + 1: the boxes of image b at threshold t are
            ``boxes[splits[b * T + t] : splits[b * T + t + 1]]``; none where no pixel is bright.

    Raises:
        ValueError: An argument has another shape or dtype; the message names it.
    """
    compiled = library.load("box_sweep")
    if compiled is None:
        return box_sweep_twin(grey, levels, multi_contour)
    import tensorflow as tf

    grey, levels = checked(grey, levels)
    with tf.device("cpu"):
        boxes, splits = compiled.tfwsol_box_sweep(grey, levels, multi_contour=bool(multi_contour))
    return boxes.numpy(), splits.numpy()
