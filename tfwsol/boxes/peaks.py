"""Where maps are highest, in pixels of their images."""

from __future__ import annotations

import cv2
import numpy as np


def peaks(maps: np.ndarray, image_sizes: np.ndarray) -> np.ndarray:
    """The pixel at which each map, resized to its image bilinearly, is highest.

    Args:
        maps: Batch × height × width, finite.
        image_sizes: Batch × 2: height and width of the images.

    Returns:
        int64, batch × 2: x and y. Among equal maxima the first in reading order.

    Raises:
        ValueError: A shape is another, a size is not a positive whole number, or a map is not
            finite.
    """
    maps, sizes = np.asarray(maps, np.float64), np.asarray(image_sizes)
    if maps.ndim != 3 or 0 in maps.shape[1:]:
        raise ValueError(f"Maps are batch × height × width; got the shape {maps.shape}.")
    if sizes.shape != (len(maps), 2) or not ((sizes >= 1) & (sizes == np.trunc(sizes))).all():
        raise ValueError(
            f"Image sizes are height and width in whole pixels, shape {(len(maps), 2)}; "
            f"got {sizes.tolist()}."
        )
    if not np.isfinite(maps).all():
        raise ValueError("A map holds NaN or infinity and has no peak; expected finite numbers.")
    # OpenCV takes one picture at a time.
    found = [
        np.unravel_index(cv2.resize(score_map, (int(width), int(height))).argmax(), (height, width))
        for score_map, (height, width) in zip(maps, sizes.astype(np.int64), strict=True)
    ]
    return np.array(found, np.int64).reshape(-1, 2)[:, ::-1]
