"""Anti-aliased drawing at twice the final size with coordinates finer than a pixel."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

SUPERSAMPLING = 2
"""How many canvas pixels make a side of an image pixel."""

_FRACTION_BITS = 4


def _fixed_point(points: np.ndarray) -> np.ndarray:
    # OpenCV puts the centre of the first pixel at 0, pictures put its left edge there.
    return np.rint((points - 0.5) * (1 << _FRACTION_BITS)).astype(np.int32)


def fill(canvas: np.ndarray, outline: np.ndarray, color: np.ndarray | float) -> None:
    """Fills one outline on a uint8 canvas (height × width, or × 3 with an RGB colour)."""
    tone = color if isinstance(color, int | float) else color.tolist()
    cv2.fillPoly(canvas, [_fixed_point(outline)], tone, cv2.LINE_AA, _FRACTION_BITS)


def stroke(
    canvas: np.ndarray, curves: Iterable[np.ndarray], color: np.ndarray | float, width: float
) -> None:
    """Draws open curves on a uint8 canvas, ``width`` canvas pixels wide and never under one."""
    tone = color if isinstance(color, int | float) else color.tolist()
    lines = [_fixed_point(curve) for curve in curves]
    cv2.polylines(canvas, lines, False, tone, max(1, round(width)), cv2.LINE_AA, _FRACTION_BITS)


def coverage(
    shape: tuple[int, int], outlines: Iterable[np.ndarray], inside: np.ndarray | None = None
) -> np.ndarray:
    """How far the union of some outlines covers each pixel: uint8, 0 to 255.

    Args:
        shape: Height and width of the canvas.
        outlines: Outlines in canvas pixels.
        inside: Another coverage to which the result is clipped.
    """
    covered = np.zeros(shape, np.uint8)
    for outline in outlines:
        fill(covered, outline, 255)
    return covered if inside is None else cv2.min(covered, inside)


def blend(canvas: np.ndarray, layer: np.ndarray, covered: np.ndarray) -> None:
    """Lays ``layer`` (an RGB picture or one colour) over the canvas where ``covered`` says so."""
    weight = covered.astype(np.float32)[..., None] * np.float32(1 / 255)
    base = canvas.astype(np.float32)
    canvas[:] = base + (layer.astype(np.float32) - base) * weight + np.float32(0.5)


def shrink(canvas: np.ndarray) -> np.ndarray:
    """The canvas at image size: every pixel is the mean of the canvas pixels it covers."""
    size = (canvas.shape[1] // SUPERSAMPLING, canvas.shape[0] // SUPERSAMPLING)
    return cv2.resize(canvas, size, interpolation=cv2.INTER_AREA)


def rim_shade(covered: np.ndarray, rim: float, middle: float, depth: float) -> np.ndarray:
    """A float32 factor that rises from ``rim`` at the edge to ``middle`` at ``depth`` pixels."""
    distance = cv2.distanceTransform((covered > 127).astype(np.uint8), cv2.DIST_L2, 3)
    return rim + (middle - rim) * np.minimum(distance * np.float32(1 / depth), np.float32(1))
