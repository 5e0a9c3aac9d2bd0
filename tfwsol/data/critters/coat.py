"""The coat of a critter: its colours and the pattern painted on its body."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .anatomy import Anatomy
from .attributes import Attributes
from .canvas import blend, coverage, fill
from .classes import PATTERN_NAMES
from .outlines import Outline, ellipse, pebble, point, rotation
from .palette import (
    COAT_JITTER,
    COATS,
    LIGHT_FUR,
    MARK_JITTER,
    MARKS,
    Color,
    jitter,
    legible_mark,
    mix,
    shade,
)

FAR_SIDE = 0.72
"""How dark the far legs are beside the rest of the coat."""

Locate = Callable[[Outline], Outline]


class Coat(NamedTuple):
    """The colours of one critter and the name of its pattern."""

    fur: Color
    pattern_color: Color
    mark: Color
    pattern: str


def draw_coat(attributes: Attributes, rng: np.random.Generator) -> Coat:
    """The jittered colours of a critter with the given attributes.

    Args:
        attributes: Coat, pattern and mark colour.
        rng: The image's ``paint`` stream.
    """
    fur = jitter(COATS[attributes.coat], COAT_JITTER, rng)
    mark = legible_mark(jitter(MARKS[attributes.mark], MARK_JITTER, rng), fur)
    light = rng.random() < 0.5 or fur.mean() < 100
    tone = mix(fur, LIGHT_FUR, 0.65) if light else shade(fur, 0.42)
    return Coat(fur, tone, mark, PATTERN_NAMES[attributes.pattern])


def _spots(anatomy: Anatomy, rng: np.random.Generator) -> list[Outline]:
    count = int(rng.integers(9, 15))
    reach = anatomy.half_length + 0.14
    # One spot per slice of the back, so that they spread evenly.
    x = -reach + 2 * reach * (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count
    y = rng.permutation(np.linspace(-0.18, 0.15, count)) + rng.uniform(-0.02, 0.02, count)
    radii, phases = rng.uniform(0.035, 0.075, count), rng.uniform(0.0, 6.3, (count, 2))
    return [
        pebble(point(a, b), (r, r), p, 0.25) for a, b, r, p in zip(x, y, radii, phases, strict=True)
    ]


def _stripes(anatomy: Anatomy, rng: np.random.Generator) -> list[Outline]:
    step, lean = rng.uniform(0.14, 0.19), rng.uniform(-0.25, 0.25)
    places = np.arange(-anatomy.half_length - 0.12, anatomy.half_length + 0.12, step)
    bands = []
    for x, end in zip(places, rng.uniform(-0.02, 0.20, len(places)), strict=True):
        band = np.array([(x - 0.045, -0.34), (x + 0.045, -0.34), (x + 0.03, -0.08), (x, end)])
        bands.append(np.concatenate([band, [(x - 0.03, -0.08)]]) @ rotation(lean).T)
    return bands


def _saddle(anatomy: Anatomy, rng: np.random.Generator) -> list[Outline]:
    half, high = 0.5 * rng.uniform(1.5, 2.0) * anatomy.half_length, rng.uniform(0.15, 0.20)
    return [ellipse(point(rng.uniform(-0.05, 0.05), -0.21), (half, high + 0.02))]


_ON_TORSO = {"spots": _spots, "stripes": _stripes, "saddle": _saddle}


def _paint_socks(layer: np.ndarray, anatomy: Anatomy, color: Color, locate: Locate) -> None:
    patch = coverage(layer.shape[:2], [locate(anatomy.belly)])
    torso = coverage(layer.shape[:2], [locate(anatomy.torso)], inside=patch)
    blend(layer, color, torso)
    for leg in anatomy.near_legs:
        for outline in leg.sock:
            fill(layer, locate(outline), color)


def _paint_far_side(layer: np.ndarray, anatomy: Anatomy, coat: Coat, locate: Locate) -> None:
    socks = coat.pattern == "socks"
    for leg in anatomy.far_legs:
        for outline in leg.outlines:
            fill(layer, locate(outline), shade(coat.fur, FAR_SIDE))
        for outline in leg.sock if socks else []:
            fill(layer, locate(outline), shade(coat.pattern_color, FAR_SIDE))
    fill(layer, locate(anatomy.tail.outline), shade(coat.fur, 0.92))
    if socks and anatomy.tail.tip is not None:
        fill(layer, locate(anatomy.tail.tip), coat.pattern_color)


def paint_body(
    layer: np.ndarray, anatomy: Anatomy, coat: Coat, locate: Locate, rng: np.random.Generator
) -> None:
    """Paints everything but the head on a layer, without light.

    The paint may run over the edge of the body: the silhouette decides what is seen of it.

    Args:
        layer: uint8, height × width × 3, RGB; overwritten.
        anatomy: The critter.
        coat: Its colours.
        locate: Takes body coordinates to layer pixels.
        rng: The image's ``paint`` stream.
    """
    layer[:] = coat.fur.astype(np.uint8)
    _paint_far_side(layer, anatomy, coat, locate)
    for outline in (anatomy.torso, anatomy.neck):
        fill(layer, locate(outline), coat.fur)
    legs = [outline for leg in anatomy.near_legs for outline in leg.outlines]
    for outline in legs:
        middle = outline.mean(axis=0)
        fill(layer, locate(middle + 1.16 * (outline - middle)), shade(coat.fur, 0.87))
    for outline in legs:
        fill(layer, locate(outline), coat.fur)
    if coat.pattern == "socks":
        _paint_socks(layer, anatomy, coat.pattern_color, locate)
    elif coat.pattern != "plain":
        marks = [m @ anatomy.back.T for m in _ON_TORSO[coat.pattern](anatomy, rng)]
        torso = coverage(layer.shape[:2], [locate(anatomy.torso)])
        shape = layer.shape[:2]
        blend(layer, coat.pattern_color, coverage(shape, map(locate, marks), inside=torso))
