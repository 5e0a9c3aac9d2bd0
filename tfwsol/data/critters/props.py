"""The seven kinds of objects that lie about: ball, rock, log, mushroom, flower, bush, leaf.

Each function takes a colour and the image's ``scene`` stream and returns a ``Prop`` of about
radius one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .canvas import fill
from .outlines import Outline, disc, ellipse, leaf, pebble, point, ribbon, rotation, star
from .palette import LIGHT_FUR, WHITE, Color, mix, shade

_CENTER = np.zeros(2)


class Prop(NamedTuple):
    """An object in its own coordinates.

    Attributes:
        silhouette: Outlines whose union is the object.
        color: Its main colour.
        details: Pairs of an outline and a colour, laid on in order.
    """

    silhouette: list[Outline]
    color: Color
    details: list[tuple[Outline, Color]]

    def paint(self, layer: np.ndarray, locate: Callable[[Outline], Outline]) -> None:
        """Draws the details on a layer that is filled with the main colour."""
        for outline, color in self.details:
            fill(layer, locate(outline), color)


def _dress(color: Color, rng: np.random.Generator) -> list[tuple[Outline, Color]]:
    """Nothing (1/2), spots (1/4) or stripes (1/4), as critters wear them."""
    draw, light, angle = rng.random(), rng.random() < 0.5, rng.uniform(0.0, np.pi)
    tone = mix(color, LIGHT_FUR, 0.65) if light or color.mean() < 100 else shade(color, 0.42)
    if draw < 0.5:
        return []
    if draw < 0.75:
        centers, radii = rng.uniform(-0.85, 0.85, (9, 2)), rng.uniform(0.10, 0.20, 9)
        return [(disc(c, r), tone) for c, r in zip(centers, radii, strict=True)]
    turn = rotation(angle).T
    bar = np.array([[-1.3, -0.11], [1.3, -0.11], [1.3, 0.11], [-1.3, 0.11]])
    return [((bar + point(0.0, y)) @ turn, tone) for y in (-0.72, -0.24, 0.24, 0.72)]


def _ball(color: Color, rng: np.random.Generator) -> Prop:
    shine = ellipse(point(-0.32, -0.42), (0.20, 0.12), -0.6)
    details = [*_dress(color, rng), (shine, mix(color, WHITE, 0.6))]
    return Prop([disc(_CENTER, 1.0)], color, details)


def _rock(color: Color, rng: np.random.Generator) -> Prop:
    outline = pebble(_CENTER, (1.0, rng.uniform(0.6, 0.9)), rng.uniform(0.0, 6.3, 2), 0.22)
    return Prop([outline], color, _dress(color, rng))


def _log(color: Color, rng: np.random.Generator) -> Prop:
    turn = rotation(rng.uniform(-0.6, 0.6)).T
    bark = np.array([[-0.95, -0.38], [0.80, -0.38], [0.80, 0.38], [-0.95, 0.38]]) @ turn
    cut, far = (ellipse(point(x, 0.0), (0.20, 0.38)) @ turn for x in (0.80, -0.95))
    ring = ellipse(point(0.80, 0.0), (0.10, 0.20)) @ turn
    face = mix(color, LIGHT_FUR, 0.55)
    details = [*_dress(color, rng), (cut, face), (ring, shade(face, 0.80))]
    return Prop([bark, cut, far], color, details)


def _mushroom(color: Color, rng: np.random.Generator) -> Prop:
    turn = rotation(rng.uniform(-0.25, 0.25)).T
    arch = np.linspace(np.pi, 2.0 * np.pi, 18)
    cap = np.stack([0.95 * np.cos(arch), 0.95 * np.sin(arch) + 0.12], axis=1)
    cap = np.concatenate([cap, [(0.5, 0.24), (-0.5, 0.24)]])
    stem = np.array([[-0.22, 0.1], [0.22, 0.1], [0.30, 0.95], [-0.30, 0.95]])
    dots = np.array([(-0.45, -0.22, 0.15), (0.05, -0.55, 0.17), (0.48, -0.15, 0.14)])
    details = [(stem @ turn, LIGHT_FUR * 0.95), (cap @ turn, color)]
    details += [(disc(dot[:2], dot[2]) @ turn, mix(color, WHITE, 0.85)) for dot in dots]
    return Prop([stem @ turn, cap @ turn], color, details)


def _flower(color: Color, rng: np.random.Generator) -> Prop:
    petals, start = int(rng.integers(5, 8)), rng.uniform(0.0, 6.3)
    angles = start + 2.0 * np.pi * np.arange(petals) / petals
    spots = 0.58 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rounds = [ellipse(c, (0.42, 0.30), a) for c, a in zip(spots, angles, strict=True)]
    heart = WHITE if color.mean() < 150 else shade(color, 0.45)
    details = [(disc(0.8 * c, 0.10), shade(color, 0.80)) for c in spots]
    return Prop([*rounds, disc(_CENTER, 0.4)], color, [*details, (disc(_CENTER, 0.28), heart)])


def _bush(color: Color, rng: np.random.Generator) -> Prop:
    offsets = np.array([(-0.55, 0.25), (0.55, 0.25), (-0.25, -0.25), (0.30, -0.30), (0.0, 0.30)])
    clumps = [disc(c, r) for c, r in zip(offsets, rng.uniform(0.38, 0.52, 5), strict=True)]
    tufts = rng.uniform((-0.8, -0.55), (0.8, 0.55), (9, 2))
    tones = [shade(color, 0.82 if number % 2 else 1.15) for number in range(9)]
    return Prop(clumps, color, [(disc(c, 0.13), t) for c, t in zip(tufts, tones, strict=True)])


def _star_or_leaf(color: Color, rng: np.random.Generator) -> Prop:
    starry, angle = rng.random() < 0.5, rng.uniform(0.0, 2.0 * np.pi)
    if starry:
        inner = star(_CENTER, 0.6, 0.5, angle)
        return Prop([star(_CENTER, 1.05, 0.5, angle)], color, [(inner, shade(color, 1.12))])
    along = point(np.cos(angle), np.sin(angle))
    vein = ribbon(np.linspace(-1.0, 0.8, 6)[:, None] * along, np.full(6, 0.05))
    return Prop([leaf(-1.05 * along, 1.05 * along, 0.5)], color, [(vein, shade(color, 0.7))])


PROPS: tuple[Callable[[Color, np.random.Generator], Prop], ...] = (
    _ball,
    _rock,
    _log,
    _mushroom,
    _flower,
    _bush,
    _star_or_leaf,
)
