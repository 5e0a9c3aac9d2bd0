"""The head of a critter: a disc that always faces the viewer, with ears."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .outlines import Outline, disc, ellipse, hull, point, rotation

_EAR_TYPES = ("pointed", "round", "floppy", "long")


class Head(NamedTuple):
    """A head; outlines are in head coordinates, where the face is the unit disc and y is down.

    Attributes:
        matrix: 2 × 2, takes head coordinates to body coordinates (before the shift to centre).
        center: (x, y) in body coordinates.
        yaw: Shift of all features along x, in head radii.
        ears: Two outlines that reach behind the face.
        inner_ears: The two paler insides.
    """

    matrix: np.ndarray
    center: np.ndarray
    yaw: float
    ears: list[Outline]
    inner_ears: list[Outline]

    def to_body(self, outline: Outline) -> Outline:
        """The outline in body coordinates."""
        return outline @ self.matrix.T + self.center


def _ear(kind: str, length: float) -> tuple[Outline, Outline]:
    """An ear that stands straight up on the origin, and its inside."""
    if kind == "pointed":
        tip = disc(point(0.0, -length), 0.07)
        outer = hull(disc(point(-0.27, 0.05), 0.08), disc(point(0.27, 0.05), 0.08), tip)
        return outer, outer * (0.58, 0.62) + point(0.0, -0.08)
    if kind == "round":
        radius = 0.24 + 0.2 * length
        return disc(point(0.0, -0.12), radius), disc(point(0.0, -0.14), 0.62 * radius)
    half, width = 0.5 * (length + 0.35), 0.24 if kind == "floppy" else 0.20
    outer = ellipse(point(0.0, 0.12 - half), (width, half + 0.1))
    return outer, ellipse(point(0.0, 0.08 - half), (0.55 * width, 0.72 * half))


def grow_head(center: np.ndarray, radius: float, rng: np.random.Generator) -> Head:
    """A head with random aspect, tilt, yaw and ears.

    Args:
        center: (x, y) in body coordinates.
        radius: Half the height of the face in body lengths.
        rng: The image's ``shape`` stream; always advanced by the same number of draws.
    """
    aspect, tilt, yaw = rng.uniform(0.9, 1.08), rng.uniform(-0.4, 0.4), rng.uniform(-0.22, 0.22)
    kind, spread = _EAR_TYPES[int(rng.integers(4))], rng.uniform(0.5, 0.8)
    length = rng.uniform(0.45, 0.8) * (1.35 if kind == "long" else 1.0)
    outer, inner = _ear(kind, length)
    ears, inner_ears = [], []
    for side in (-1.0, 1.0):
        # A floppy ear turns over and hangs beside the cheek.
        lean = side * (spread + 1.75 if kind == "floppy" else 0.75 * spread)
        anchor = 0.86 * point(np.sin(side * spread), -np.cos(spread))
        turn = rotation(lean).T
        ears.append(outer @ turn + anchor)
        inner_ears.append(inner @ turn + anchor)
    matrix = rotation(tilt) @ np.diag([radius * aspect, radius])
    return Head(matrix, center, yaw, ears, inner_ears)
