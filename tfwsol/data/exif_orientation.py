"""From the upright picture back to the pixels of a file that its camera stored turned."""

from __future__ import annotations

import os

import numpy as np
from PIL import ExifTags, Image

UPRIGHT = 1
_TURNED = (5, 6, 7, 8)
"""Marks of pictures whose height and width change places."""


def exif_orientation(path: str | os.PathLike[str]) -> int:
    """The EXIF mark of a readable image file, 1 to 8, by which `read_image` turns it; 1: none."""
    with Image.open(path) as image:
        mark = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    return mark if mark in range(1, 9) else UPRIGHT


def stored_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Height and width in the file of a picture of this size when it is upright."""
    return size[::-1] if orientation in _TURNED else size


def stored_boxes(boxes: np.ndarray, size: tuple[int, int], orientation: int) -> np.ndarray:
    """Boxes of the upright picture in the pixels that lie in the file.

    Data sets leave EXIF marks out of account, so boxes that are to be read back, by
    ``tfwsol.data`` or by any COCO program, have to be given in these.

    Args:
        boxes: n × 4, half-open corners x0, y0, x1, y1 in the upright picture.
        size: Height and width of the upright picture.
        orientation: As `exif_orientation` gives it; section 4.6.5.1.6 of EXIF 3.0.

    Returns:
        n × 4, half-open corners x0, y0, x1, y1.
    """
    height, width = size
    x0, y0, x1, y1 = np.asarray(boxes).reshape(-1, 4).T
    if orientation in (2, 3, 6, 7):
        x0, x1 = width - x1, width - x0
    if orientation in (3, 4, 7, 8):
        y0, y1 = height - y1, height - y0
    turned = orientation in _TURNED
    corners = (y0, x0, y1, x1) if turned else (x0, y0, x1, y1)
    return np.stack(corners, axis=1)
