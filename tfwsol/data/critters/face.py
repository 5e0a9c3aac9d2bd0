"""The face of a critter: ears, mark, eyes, muzzle, nose and mouth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .canvas import blend, coverage, fill, stroke
from .coat import Coat
from .face_marks import draw_mark
from .head import Head
from .outlines import Outline, disc, ellipse, point
from .palette import INK, LIGHT_FUR, PINK, WHITE, Color, mix, shade

_CENTER = np.zeros(2)
_FACE_RADIUS = 0.94


def mark_coverage(
    shape: tuple[int, int], marks: list[Outline], head: Head, locate: Callable[[Outline], Outline]
) -> np.ndarray:
    """How far a face mark, turned with the head and clipped to the face, covers each pixel.

    Args:
        shape: Height and width of the layer.
        marks: Outlines in head coordinates before the yaw.
        head: The head.
        locate: Takes head coordinates to layer pixels.
    """
    face = coverage(shape, [locate(disc(_CENTER, _FACE_RADIUS))])
    return coverage(shape, (locate(mark + point(head.yaw, 0.0)) for mark in marks), inside=face)


def _paint_features(
    layer: np.ndarray, head: Head, fur: Color, locate: Callable[[Outline], Outline]
) -> None:
    turned = point(head.yaw, 0.0)
    radius = float(np.linalg.norm(locate(point(0.0, 1.0)) - locate(_CENTER)))

    def draw(outline: Outline, color: Color) -> None:
        fill(layer, locate(outline + turned), color)

    # A muzzle with a breath of the coat's colour stays apart from white marks.
    draw(ellipse(point(0.0, 0.50), (0.36, 0.26)), mix(LIGHT_FUR, fur, 0.18))
    lips = np.array([(-0.20, 0.56), (-0.10, 0.64), (0.0, 0.56), (0.10, 0.64), (0.20, 0.56)])
    stroke(layer, [locate(lips + turned)], INK, 0.09 * radius)
    draw(ellipse(point(0.0, 0.38), (0.15, 0.105)), INK)
    for side in (-1.0, 1.0):
        pupil = point(side * 0.39 + 0.2 * head.yaw, -0.01)
        draw(ellipse(point(side * 0.41, -0.03), (0.185, 0.215)), WHITE)
        draw(ellipse(pupil, (0.14, 0.17)), INK)
        draw(disc(pupil + point(-0.04, -0.065), 0.065), WHITE)


def paint_head(
    layer: np.ndarray,
    head: Head,
    coat: Coat,
    label: int,
    locate: Callable[[Outline], Outline],
    rng: np.random.Generator,
) -> None:
    """Paints the head over a layer, without light; the coat's pattern never reaches it.

    Args:
        layer: uint8, height × width × 3, RGB.
        head: The head.
        coat: The critter's colours.
        label: Class, 0 to 9; decides the mark.
        locate: Takes head coordinates to layer pixels.
        rng: The image's ``paint`` stream.
    """
    for ear in head.ears:
        fill(layer, locate(ear), shade(coat.fur, 0.90))
    for ear in head.inner_ears:
        fill(layer, locate(ear), mix(coat.fur, PINK, 0.55))
    fill(layer, locate(disc(_CENTER, 1.0)), shade(coat.fur, 0.66))
    fill(layer, locate(disc(_CENTER, _FACE_RADIUS)), mix(coat.fur, WHITE, 0.12))
    marks = draw_mark(label, rng)
    blend(layer, coat.mark, mark_coverage(layer.shape[:2], marks, head, locate))
    _paint_features(layer, head, coat.fur, locate)
