"""One critter picture with everything that is known about it, from three numbers."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from .anatomy import Anatomy, grow
from .attributes import Attributes, draw_attributes
from .canvas import SUPERSAMPLING, blend, coverage, shrink
from .classes import CLASS_NAMES
from .clutter import scatter_clutter
from .coat import draw_coat, paint_body
from .face import paint_head
from .fur import Silhouette, shade_fur
from .ground import paint_ground
from .light import light_up
from .occluders import head_in_sight, paint_front, place_occluders
from .outlines import Outline, ellipse, point
from .placement import Placement, place
from .streams import Streams, open_streams


@dataclasses.dataclass(frozen=True)
class Critter:
    """A picture of a critter.

    Attributes:
        image: uint8, size × size × 3, RGB.
        label: Class, 0 to 9.
        box: int32 x0, y0, x1, y1 in pixels, half open, tight round ``mask``.
        mask: bool, size × size: visible critter, without its shadow.
        part_box: As ``box``, round ``part_mask``.
        part_mask: bool, size × size: visible head (face and ears).
        attributes: Coat, pattern and mark colour as they were drawn.
        plate: uint8, size × size × 3: the same scene without critter, shadow and occluders.
        head_in_sight: The share of the head that no occluder hides.
    """

    image: np.ndarray
    label: int
    box: np.ndarray
    mask: np.ndarray
    part_box: np.ndarray
    part_mask: np.ndarray
    attributes: Attributes
    plate: np.ndarray
    head_in_sight: float


def render(
    seed: int,
    split: str,
    index: int,
    *,
    image_size: int = 96,
    body: float = 0.70,
    label: int | None = None,
) -> Critter:
    """The critter picture ``index`` of a split, the same on every call.

    Args:
        seed: Number of the data set.
        split: "train", "val" or "test".
        index: Place in the split; the class is its last digit.
        image_size: Side of the square picture in pixels, at least 32.
        body: Probability with which coat and pattern follow the class, in [0, 1].
        label: Another class, 0 to 9, for a counterfactual: silhouette, boxes, masks and plate
            stay bit-identical.

    Raises:
        ValueError: If a number is out of its range or there is no such split.
    """
    _check(image_size, body, label)
    streams = open_streams(seed, split, index)
    label = index % len(CLASS_NAMES) if label is None else label
    attributes = draw_attributes(label, body, streams.attributes)
    return _draw(streams, image_size, label, attributes)


def _draw(streams: Streams, image_size: int, label: int, attributes: Attributes) -> Critter:
    canvas = paint_ground(SUPERSAMPLING * image_size, streams.scene)
    scatter_clutter(canvas, streams.scene)
    plate = shrink(canvas)
    anatomy = grow(streams.shape)
    placement = place(anatomy.outlines(), len(canvas), streams.shape, streams.scene)
    silhouette = _silhouette(len(canvas), anatomy, placement)
    _cast_shadow(canvas, placement, streams.scene)
    _paint_critter(canvas, anatomy, placement, silhouette, attributes, label, streams)
    front = place_occluders(placement, silhouette.whole, silhouette.head, streams.scene)
    paint_front(canvas, front)
    image, plate = light_up(np.stack([shrink(canvas), plate]), streams.scene)
    mask, part_mask = (
        shrink(cv2.multiply(part, 255 - front.hidden, scale=1 / 255)) >= 128
        for part in (silhouette.whole, silhouette.head)
    )
    return Critter(
        image=image,
        label=label,
        box=_tight_box(mask),
        mask=mask,
        part_box=_tight_box(part_mask),
        part_mask=part_mask,
        attributes=attributes,
        plate=plate,
        head_in_sight=head_in_sight(silhouette.head, front),
    )


def _check(image_size: int, body: float, label: int | None) -> None:
    if image_size < 32:
        raise ValueError(f"A critter picture is at least 32 pixels wide; got {image_size}.")
    if not 0.0 <= body <= 1.0:
        raise ValueError(f"body is a probability, 0 to 1 (0.45 is the hardest); got {body}.")
    if label is not None and not 0 <= label < len(CLASS_NAMES):
        raise ValueError(f"A critter's label is 0 to {len(CLASS_NAMES) - 1}; got {label}.")


def _silhouette(size: int, anatomy: Anatomy, placement: Placement) -> Silhouette:
    near = [anatomy.torso, anatomy.neck]
    near += [outline for leg in anatomy.near_legs for outline in leg.outlines]
    far = [outline for leg in anatomy.far_legs for outline in leg.outlines]
    groups = (near, [*far, anatomy.tail.outline], anatomy.head_outlines())
    parts = [coverage((size, size), map(placement.to_canvas, group)) for group in groups]
    return Silhouette(*parts, cv2.max(cv2.max(parts[0], parts[1]), parts[2]))


def _cast_shadow(canvas: np.ndarray, placement: Placement, rng: np.random.Generator) -> None:
    """Darkens the ground under the critter, in six pictures of ten."""
    wanted, strength = rng.random() < 0.6, rng.uniform(0.25, 0.5)
    if not wanted:
        return
    x0, _, x1, y1 = placement.box
    center = point(0.5 * (x0 + x1), y1 - 0.03 * placement.reach)
    radii, soft = (0.46 * (x1 - x0), 0.07 * placement.reach), 0.06 * placement.reach
    window, low = _window(point(center - radii, center + radii), soft, len(canvas))
    patch, width = canvas[window], max(3, round(soft))
    covered = coverage(patch.shape[:2], [ellipse(center - low, radii)])
    blend(patch, np.zeros(3), (cv2.blur(covered, (width, width)) * strength).astype(np.uint8))


def _window(
    corners: np.ndarray, margin: float, size: int
) -> tuple[tuple[slice, slice], np.ndarray]:
    """The part of a canvas round two corners, and its own corner (x, y)."""
    low = np.maximum(np.floor(corners[0] - margin).astype(int), 0)
    high = np.minimum(np.ceil(corners[1] + margin).astype(int), size)
    return np.s_[low[1] : high[1], low[0] : high[0]], low


def _paint_critter(
    canvas: np.ndarray,
    anatomy: Anatomy,
    placement: Placement,
    silhouette: Silhouette,
    attributes: Attributes,
    label: int,
    streams: Streams,
) -> None:
    """Lays the painted and shaded critter on the canvas."""
    window, low = _window(placement.box.reshape(2, 2), 2.0, len(canvas))
    layer = np.empty_like(canvas[window])

    def locate(outline: Outline) -> Outline:
        return placement.to_canvas(outline) - low

    def locate_on_head(outline: Outline) -> Outline:
        return locate(anatomy.head.to_body(outline))

    coat = draw_coat(attributes, streams.paint)
    paint_body(layer, anatomy, coat, locate, streams.paint)
    paint_head(layer, anatomy.head, coat, label, locate_on_head, streams.paint)
    cut = Silhouette(*(part[window] for part in silhouette))
    lit = shade_fur(layer, cut, placement.reach, len(canvas), streams.paint)
    blend(canvas[window], lit, cut.whole)


def _tight_box(mask: np.ndarray) -> np.ndarray:
    """The half-open box round the pixels that are set."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.int32)
