"""The boxes of all thresholds as one would write it with OpenCV: the yardstick of the sweep."""

from __future__ import annotations

import cv2
import numpy as np


def contour_loop(grey: np.ndarray, levels: np.ndarray, multi_contour: bool) -> list[np.ndarray]:
    """The boxes that `box_sweep` gives, by one search for every level of every image.

    Nothing is wasted but the repeats: equal levels are searched again, and all contours of the
    tree are traced. It is there to be compared with, in time and in results.

    Args:
        grey: uint8, batch × height × width.
        levels: int32, batch × thresholds, in [0, 255].
        multi_contour: The boxes of all contours, or of the one with the largest area.

    Returns:
        One int32 array n × 4 of half-open corners x0, y0, x1, y1 for each image and threshold.
    """
    found = []
    for image, row in zip(grey, levels.tolist(), strict=True):
        for level in row:
            _, bright = cv2.threshold(image, level, 255, cv2.THRESH_BINARY)
            contours, _ = cv2.findContours(bright, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
            if not multi_contour and len(contours) > 1:
                contours = [max(contours, key=cv2.contourArea)]
            boxes = np.array([cv2.boundingRect(contour) for contour in contours], np.int32)
            boxes = boxes.reshape(-1, 4)
            boxes[:, 2:] += boxes[:, :2]
            found.append(boxes)
    return found
