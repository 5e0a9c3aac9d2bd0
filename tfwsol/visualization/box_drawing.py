"""Boxes drawn on pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageColor, ImageDraw

from tfwsol.visualization.colouring import require_picture


def draw_boxes(
    image: np.ndarray,
    boxes: ArrayLike,
    colour: str | tuple[int, int, int] = "#ffd400",
    width: int = 2,
) -> np.ndarray:
    """Returns a copy of the picture with the boxes drawn, each inside a thin dark rim.

    Sides that lie outside the picture are drawn at its border, so that a box around the
    whole picture stays visible.

    Args:
        image: uint8, height × width × 3.
        boxes: Boxes × 4, x0, y0, x1, y1 in pixels of the picture; one box of 4 or none at all
            is accepted.
        colour: A CSS colour or three numbers of 0 to 255.
        width: The thickness of the line in pixels, drawn inwards.

    Returns:
        uint8, height × width × 3.

    Raises:
        ValueError: The picture is not uint8 RGB, the boxes are not finite rows of 4 with
            x0 <= x1 and y0 <= y1, or the colour is unknown.
    """
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
    if not (np.isfinite(boxes).all() and (boxes[:, :2] <= boxes[:, 2:]).all()):
        raise ValueError(
            f"Expected finite boxes x0, y0, x1, y1 with x0 <= x1, y0 <= y1, got {boxes}."
        )
    canvas = Image.fromarray(require_picture(image))
    colour = ImageColor.getrgb(colour) if isinstance(colour, str) else tuple(colour)
    draw = ImageDraw.Draw(canvas)
    limit = np.array([canvas.width, canvas.height] * 2) - 1
    for box in np.clip(np.rint(boxes), 0, limit):
        draw.rectangle(_grown(box, 1), outline=(20, 20, 20), width=1)
        draw.rectangle(tuple(box), outline=colour, width=width)
        if min(box[2:] - box[:2]) > 2 * width + 2:
            draw.rectangle(_grown(box, -width), outline=(20, 20, 20), width=1)
    return np.asarray(canvas)


def _grown(box: np.ndarray, pixels: int) -> tuple[float, ...]:
    return tuple(box + np.array([-pixels, -pixels, pixels, pixels]))
