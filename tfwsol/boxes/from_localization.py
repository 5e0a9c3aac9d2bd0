"""Boxes and masks of a `Localization`."""

from __future__ import annotations

import keras
import numpy as np

from tfwsol.boxes.rules import Rule, named
from tfwsol.boxes.score_map import score_maps
from tfwsol.boxes.sweep import sweep
from tfwsol.localization import Localization


def of(localization: Localization, rule: str | Rule, threshold: float | np.ndarray) -> np.ndarray:
    """The one box of every map, in pixels of the original image where that is known.

    The maps are resized, scaled and compared as the rule has it (the protocols differ in
    order and size); its box is then carried over to the image.

    Args:
        localization: What a method found.
        rule: A preset's name, or a rule.
        threshold: What the rule calls foreground: one number, or one for each map, in a shape
            that broadcasts to batch × classes asked (`otsu_thresholds` gives such).

    Returns:
        float32, batch × classes asked × 4 (a frame axis stays where it is): corners x0, y0,
        x1, y1 in pixels of the original image; of the view if the record has no regions.

    Raises:
        ValueError: The maps or thresholds do not fit the rule.
    """
    rule = named(rule)
    maps = score_maps(keras.ops.convert_to_numpy(localization.maps), rule)
    leading, size = maps.shape[:-2], maps.shape[-2:]
    thresholds = _per_map(threshold, leading)
    boxes, _ = sweep(maps.reshape(-1, *size), thresholds.reshape(-1, 1), False, rule)
    shares = (boxes + np.array([0, 0, 1, 1]) * rule.inclusive) / np.array([*size[::-1]] * 2)
    origin, extent = _views(localization, len(leading))
    return (origin + shares.reshape(*leading, 4) * extent).astype(np.float32)


def masks(localization: Localization, threshold: float) -> np.ndarray:
    """Where every map, resized bicubically and brought to [0, 1], reaches the threshold.

    This is the foreground that PxAP counts, in Choe et al., "Evaluating Weakly Supervised
    Object Localization Methods Right", CVPR 2020.

    Args:
        localization: What a method found.
        threshold: A number in [0, 1].

    Returns:
        bool, batch × classes asked × height × width in pixels of the view the model saw.

    Raises:
        ValueError: The threshold is not in [0, 1].
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"A mask's threshold is a number in [0, 1]; got {threshold}.")
    maps = keras.ops.convert_to_numpy(localization.maps)
    return score_maps(maps, "wsoleval", tuple(localization.image_size)) >= threshold


def _per_map(threshold: float | np.ndarray, leading: tuple[int, ...]) -> np.ndarray:
    threshold = np.asarray(threshold, np.float64)
    try:
        return np.broadcast_to(threshold, leading)
    except ValueError as error:
        raise ValueError(
            f"A threshold is one number, or an array that broadcasts to {leading}; got "
            f"{threshold.shape}."
        ) from error


def _views(localization: Localization, leading: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each view begins in its image and how long its sides are, for x, y, x, y."""
    if localization.regions is None:
        height, width = localization.image_size
        return np.zeros(4), np.array([width, height, width, height], np.float64)
    regions = keras.ops.convert_to_numpy(localization.regions).astype(np.float64)
    regions = regions.reshape(-1, *[1] * (leading - 1), 4)
    origin = regions[..., [0, 1, 0, 1]]
    return origin, regions[..., [2, 3, 2, 3]] - origin
