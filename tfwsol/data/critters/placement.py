"""Where, how large and how tilted a critter stands in its picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .outlines import Outline, rotation

_LONGEST_SIDE = 0.94


class Placement(NamedTuple):
    """A similarity from body coordinates to canvas pixels.

    Attributes:
        matrix: 2 × 2, with rotation, mirror and scale.
        offset: (x, y) in canvas pixels.
        box: x0, y0, x1, y1 of the whole critter in canvas pixels, before anything hides it.
    """

    matrix: np.ndarray
    offset: np.ndarray
    box: np.ndarray

    @property
    def reach(self) -> float:
        """Square root of the box area in canvas pixels, the length that details scale with."""
        return float(np.sqrt(np.prod(self.box[2:] - self.box[:2])))

    def to_canvas(self, outline: Outline) -> Outline:
        """The outline in canvas pixels."""
        return outline @ self.matrix.T + self.offset


def place(
    outlines: list[Outline],
    canvas_size: int,
    shape: np.random.Generator,
    scene: np.random.Generator,
) -> Placement:
    """A placement that keeps every outline inside the frame, with a bias to the middle.

    The box of the outlines covers U(0.15, 0.50) of the picture, less where a side would exceed
    0.94 of it.

    Args:
        outlines: All outlines of the critter in body coordinates.
        canvas_size: Side of the square canvas in pixels.
        shape: The image's ``shape`` stream, for the mirror and the rotation.
        scene: The image's ``scene`` stream, for size and position.
    """
    mirror = -1.0 if shape.random() < 0.5 else 1.0
    turn = rotation(shape.uniform(-0.28, 0.28)) @ np.diag([mirror, 1.0])
    points = np.concatenate(outlines) @ turn.T
    low, high = points.min(axis=0), points.max(axis=0)
    scale = canvas_size * np.sqrt(scene.uniform(0.15, 0.50) / np.prod(high - low))
    scale = min(scale, _LONGEST_SIDE * canvas_size / max(high - low))
    side = scale * (high - low)
    off_center = np.clip(0.27 * scene.standard_normal(2), -0.5, 0.5)
    corner = 0.5 * (canvas_size - side) + off_center * (0.97 * canvas_size - side)
    return Placement(scale * turn, corner - scale * low, np.concatenate([corner, corner + side]))
