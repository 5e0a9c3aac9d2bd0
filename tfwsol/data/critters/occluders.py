"""Grass, twigs and stones that stand in front of a critter."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from .canvas import coverage, fill
from .outlines import Outline, bezier, ellipse, leaf, pebble, point, ribbon
from .palette import Color, jitter, mix, shade
from .placement import Placement

_COUNTS, _TRIES = (0.45, 0.85), 3
_LEAST_CRITTER, _LEAST_HEAD = 0.75, 0.85
_GRASS = np.array((92.0, 142.0, 58.0))
_BARK = np.array((112.0, 82.0, 56.0))
_STONE = np.array((142.0, 138.0, 132.0))

Parts = list[tuple[Outline, Color]]


class Front(NamedTuple):
    """What hides a critter.

    Attributes:
        parts: Outlines in canvas pixels with their colours, in drawing order.
        hidden: uint8, height × width: how far they cover each pixel.
    """

    parts: Parts
    hidden: np.ndarray


def _tuft(placement: Placement, contour: np.ndarray, rng: np.random.Generator) -> Parts:
    x0, _, x1, y1 = placement.box
    reach, blades = placement.reach, int(rng.integers(9, 15))
    root = point(rng.uniform(x0, x1), y1 + 0.02 * reach)
    color, parts = jitter(_GRASS, 14.0, rng), []
    for x, lean, height, tone in rng.random((blades, 4)):
        start = root + point((x - 0.5) * 0.20 * reach, 0.0)
        tip = start + np.array([(lean - 0.5) * 0.22, -(0.14 + 0.16 * height)]) * reach
        spine = bezier(start, point(start[0], 0.5 * (start[1] + tip[1])), tip, 7)
        widths = np.linspace(0.016, 0.002, 7) * reach
        parts.append((ribbon(spine, widths), shade(color, 0.75 + 0.5 * tone)))
    return parts


def _twig(placement: Placement, contour: np.ndarray, rng: np.random.Generator) -> Parts:
    reach, box = placement.reach, placement.box
    middle = rng.uniform(box[:2], box[2:])
    angle, length = rng.uniform(-0.9, 0.9), rng.uniform(0.5, 0.9) * reach
    along = 0.5 * length * point(np.cos(angle), np.sin(angle))
    bow = rng.uniform(-0.10, 0.10, 2) * reach
    spine = bezier(middle - along, middle + bow, middle + along, 9)
    parts = [(ribbon(spine, np.linspace(0.016, 0.007, 9) * reach), jitter(_BARK, 12.0, rng))]
    green = jitter(_GRASS, 16.0, rng)
    for number, (turn, size, tone) in enumerate(rng.random((7, 3))):
        side = 1.0 if number % 2 else -1.0
        direction = angle + side * (0.6 + 0.5 * turn)
        tip = point(np.cos(direction), np.sin(direction)) * (0.07 + 0.06 * size) * reach
        base = spine[number + 1]
        parts.append((leaf(base, base + tip, 0.024 * reach), shade(green, 0.8 + 0.4 * tone)))
    return parts


def _stone(placement: Placement, contour: np.ndarray, rng: np.random.Generator) -> Parts:
    center = contour[int(rng.integers(len(contour)))] + 0.5
    radius, flat = rng.uniform(0.10, 0.18) * placement.reach, rng.uniform(0.65, 0.95)
    phases, color = rng.uniform(0.0, 6.3, 2), jitter(_STONE, 14.0, rng)
    outline = pebble(center, (radius, radius * flat), phases, 0.18)
    lit = center + 0.84 * (outline - center) - point(0.0, 0.07 * radius)
    shine = ellipse(
        center - point(0.25 * radius, 0.42 * radius * flat), (0.32 * radius, 0.14 * radius)
    )
    return [(outline, shade(color, 0.66)), (lit, color), (shine, mix(color, _STONE * 1.6, 0.5))]


_KINDS: tuple[Callable[[Placement, np.ndarray, np.random.Generator], Parts], ...]
_KINDS = (_tuft, _twig, _stone)


def _visible(part: np.ndarray, hidden: np.ndarray) -> float:
    """The share of a coverage that stays in sight."""
    return 1.0 - float(cv2.multiply(part, hidden, scale=1 / 255).sum()) / float(part.sum())


def head_in_sight(head: np.ndarray, front: Front) -> float:
    """The share of the head's coverage that nothing hides."""
    return _visible(head, front.hidden)


def place_occluders(
    placement: Placement, whole: np.ndarray, head: np.ndarray, rng: np.random.Generator
) -> Front:
    """Up to two occluders that leave 75 % of the critter and 85 % of its head in sight.

    Args:
        placement: Where the critter stands.
        whole: uint8, height × width: how far the critter covers each canvas pixel.
        head: The same for its head.
        rng: The image's ``scene`` stream.
    """
    outlines, _ = cv2.findContours(
        (whole > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    contour = np.concatenate(outlines)[:, 0].astype(float)
    front = Front([], np.zeros_like(whole))
    for _ in range(int(np.searchsorted(_COUNTS, rng.random()))):
        for _ in range(_TRIES):
            parts = _KINDS[int(rng.integers(len(_KINDS)))](placement, contour, rng)
            more = coverage(whole.shape, [outline for outline, _ in parts])
            hidden = cv2.max(front.hidden, more)
            if _visible(whole, hidden) >= _LEAST_CRITTER and _visible(head, hidden) >= _LEAST_HEAD:
                front = Front([*front.parts, *parts], hidden)
                break
    return front


def paint_front(canvas: np.ndarray, front: Front) -> None:
    """Draws the occluders on the canvas."""
    for outline, color in front.parts:
        fill(canvas, outline, color)
