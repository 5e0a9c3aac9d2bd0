"""Ground-truth boxes in the view a protocol scores."""

from __future__ import annotations

import numpy as np

from tfwsol.boxes.rules import Rule, TruthScaling, named


def scale_truth(boxes: np.ndarray, image_sizes: np.ndarray, rule: str | Rule) -> np.ndarray:
    """The ground-truth boxes where the rule's protocol compares them.

    Args:
        boxes: n × 4: corners x0, y0, x1, y1 in pixels of the original image.
        image_sizes: Height and width of each box's image, n × 2, or one pair for all.
        rule: A preset's name, or a rule.

    Returns:
        n × 4: int64, or float64 where the protocol keeps fractions.

    Raises:
        ValueError: A shape does not fit, an image has no size, or a box is negative or ends
            before it begins.
    """
    scaling = named(rule).truth
    boxes, sides = _checked(boxes, image_sizes)
    if scaling.whole_pixels:
        boxes = _whole_pixels(boxes)
    resized = _resized(sides, scaling)
    scaled = boxes / sides * resized if scaling.divide_first else boxes * resized / sides
    # int(round(.)) of the protocols, where round goes to even; the squares are exact.
    scaled -= np.round((resized - scaling.crop) / 2)
    if scaling.clamp == "corners":
        scaled[:, :2] = np.maximum(scaled[:, :2], 0)
        scaled[:, 2:] = np.minimum(scaled[:, 2:], scaling.crop - 1)
    elif scaling.clamp == "all":
        scaled = scaled.clip(0, scaling.crop)
    return scaled.astype(np.int64) if scaling.truncate else scaled


def _whole_pixels(boxes: np.ndarray) -> np.ndarray:
    # Corners were the sum of position and side: a little below a whole number means that one.
    position = np.trunc(boxes[:, :2].round(3))
    sides = np.trunc((boxes[:, 2:] - boxes[:, :2]).round(3))
    return np.concatenate([position, position + sides], axis=1)


def _resized(sides: np.ndarray, scaling: TruthScaling) -> np.ndarray:
    """Width, height, width, height of the images once they are resized."""
    if not scaling.short_side:
        return np.full_like(sides, scaling.resize)
    shorter = sides[:, :2].min(axis=-1, keepdims=True)
    return np.where(sides == shorter, scaling.resize, np.trunc(scaling.resize * sides / shorter))


def _checked(boxes: np.ndarray, image_sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    boxes, sizes = np.asarray(boxes, np.float64), np.asarray(image_sizes, np.float64)
    if boxes.ndim != 2 or boxes.shape[-1] != 4:
        raise ValueError(f"Ground-truth boxes are n × 4; got the shape {boxes.shape}.")
    if sizes.shape not in ((2,), (len(boxes), 2)):
        raise ValueError(
            f"Image sizes are (height, width), one pair or one for each of the {len(boxes)} "
            f"boxes; got the shape {sizes.shape}."
        )
    if not ((sizes >= 1) & np.isfinite(sizes)).all():
        raise ValueError("Image sizes are pixels, at least 1.")
    bad = ~((boxes[:, :2] >= 0) & (boxes[:, 2:] >= boxes[:, :2]) & np.isfinite(boxes[:, 2:]))
    if bad.any():
        raise ValueError(
            "Ground-truth boxes are corners 0 <= x0 <= x1 and 0 <= y0 <= y1; got "
            f"{boxes[bad.any(axis=1)][0].tolist()}."
        )
    return boxes, np.broadcast_to(sizes[..., [1, 0, 1, 0]], boxes.shape)
