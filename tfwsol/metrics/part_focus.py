"""Does a map show the whole object or only its most telling part?

The diagnostics of the critters data set. All take maps at the resolution of the image, float
batch × height × width, of any range: each map is first brought to [0, 1] by its own minimum
and maximum. All compute in float64. The single ones answer per image, so that intervals and
comparisons of two methods on the same images stay possible; `part_focus` gives all means.
"""

from __future__ import annotations

import numpy as np

from tfwsol.boxes import iou, largest_contour_box


def part_focus(
    maps: np.ndarray,
    masks: np.ndarray,
    part_masks: np.ndarray,
    boxes: np.ndarray,
    part_boxes: np.ndarray,
    threshold: float = 0.5,
) -> dict[str, float]:
    """The means of all diagnostics over the images, in percent.

    Args:
        maps: Batch × height × width.
        masks: bool (or 0 and 1), the same shape: the object.
        part_masks: The same of the part.
        boxes: Batch × 4, half-open pixel corners x0, y0, x1, y1 of the object.
        part_boxes: The same of the part.
        threshold: Of `part_only`.

    Returns:
        ``part_only``, ``peak_on_part``, ``peak_on_object``, ``energy_in_part`` and
        ``energy_in_object``.

    Raises:
        ValueError: Shapes do not fit each other, a map is not finite, or there is no image.
    """
    if len(maps) == 0:
        raise ValueError("There is no image to take a mean over.")
    shares = {
        "part_only": part_only(maps, boxes, part_boxes, threshold),
        "peak_on_part": peak_inside(maps, part_masks),
        "peak_on_object": peak_inside(maps, masks),
        "energy_in_part": energy_inside(maps, part_masks),
        "energy_in_object": energy_inside(maps, masks),
    }
    return {name: 100.0 * float(share.mean()) for name, share in shares.items()}


def part_only(
    maps: np.ndarray, boxes: np.ndarray, part_boxes: np.ndarray, threshold: float = 0.5
) -> np.ndarray:
    """True where the box of a map misses the object and fits the part better.

    The map's box is that of its largest contour at the fixed threshold. It is part-only when
    its intersection over union with the object's box is below 0.5 *and* smaller than that
    with the part's box.

    Args:
        maps: Batch × height × width.
        boxes: Batch × 4, half-open pixel corners x0, y0, x1, y1 of the object.
        part_boxes: Batch × 4, the same of the part.
        threshold: In [0, 1], on the map between its minimum (0) and maximum (1).

    Returns:
        bool, batch. The mean is the *part-only rate @ threshold*.

    Raises:
        ValueError: Shapes do not fit each other or a map is not finite.
    """
    maps = min_max(maps)
    _require_one_box_each(maps, boxes=boxes, part_boxes=part_boxes)
    found = largest_contour_box(maps, threshold)
    with_object = iou(found, boxes)
    return (with_object < 0.5) & (iou(found, part_boxes) > with_object)


def peak_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """True where the largest value of a map lies in the mask.

    Args:
        maps: Batch × height × width.
        masks: bool (or 0 and 1), the same shape.

    Returns:
        bool, batch. Among equal maxima the first in reading order counts. For maps that know
        nothing the mean is the share of the images that the masks cover.

    Raises:
        ValueError: Shapes do not fit each other or a map is not finite.
    """
    maps, masks = _flat(maps, masks)
    return np.take_along_axis(masks, maps.argmax(axis=-1)[:, None], axis=-1)[:, 0]


def energy_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The share of a map, brought to [0, 1], that lies in the mask.

    Args:
        maps: Batch × height × width.
        masks: bool (or 0 and 1), the same shape.

    Returns:
        float64 in [0, 1], batch: sum of the map inside the mask / sum of the map. A constant
        map spreads evenly, so its share is the mask's share of the image.

    Raises:
        ValueError: Shapes do not fit each other or a map is not finite.
    """
    maps, masks = _flat(maps, masks)
    constant = maps.max(axis=-1, keepdims=True) == 0
    maps = np.where(constant, 1.0, maps)
    return (maps * masks).sum(axis=-1) / maps.sum(axis=-1)


def min_max(maps: np.ndarray) -> np.ndarray:
    """The maps in float64, each brought to [0, 1] by its minimum and maximum; constant ones to 0.

    Args:
        maps: Batch × height × width.

    Raises:
        ValueError: The maps have another rank or are not finite.
    """
    maps = np.asarray(maps, np.float64)
    if maps.ndim != 3 or 0 in maps.shape[1:]:
        raise ValueError(f"Maps are batch × height × width; got the shape {maps.shape}.")
    if not np.isfinite(maps).all():
        raise ValueError("A map holds NaN or infinity; expected finite numbers.")
    low = maps.min(axis=(1, 2), keepdims=True)
    span = maps.max(axis=(1, 2), keepdims=True) - low
    return (maps - low) / np.where(span > 0, span, 1.0)


def _flat(maps: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maps in [0, 1] and masks as bool, both batch × pixels."""
    maps, masks = min_max(maps), np.asarray(masks)
    if masks.shape != maps.shape:
        raise ValueError(
            f"Masks have the shape of the maps, {maps.shape}; got {masks.shape}. "
            "Resize the maps to the image first."
        )
    return maps.reshape(len(maps), -1), masks.astype(bool).reshape(len(maps), -1)


def _require_one_box_each(maps: np.ndarray, **boxes: np.ndarray) -> None:
    for name, array in boxes.items():
        if np.shape(array) != (len(maps), 4):
            raise ValueError(
                f"{name} holds one box per map, shape {(len(maps), 4)}; got {np.shape(array)}."
            )
