"""Boxes of a layer's cells as boxes of the pixels those cells see."""

from __future__ import annotations

import numpy as np


def cells_to_image(
    boxes: np.ndarray, stride: int, start: int, receptive_field: int, side: int
) -> np.ndarray:
    """The pixels seen by the corner cells of each box, within the image.

    Biparva and Tsotsos, "STNet", 2017: a pass that stops above the image.

    Args:
        boxes: n × 4: x0, y0, x1, y1 in cells, the last one included, as of the rule ``stnet``.
        stride: Pixels between two cells.
        start: Pixel under the centre of the first cell.
        receptive_field: Side in pixels of what a cell sees.
        side: Side of the square image in pixels.

    Returns:
        n × 4 of the boxes' own type, each corner in [0, side].

    Raises:
        ValueError: The boxes are not n × 4.
    """
    boxes = np.asarray(boxes)
    if boxes.ndim != 2 or boxes.shape[-1] != 4:
        raise ValueError(f"Boxes are n × 4; got the shape {boxes.shape}.")
    reach = receptive_field // 2
    centres = stride * boxes + start
    outwards = np.array([-reach, -reach, reach, reach], boxes.dtype)
    return (centres + outwards).clip(0, side)
