"""Score maps to boxes, at all thresholds in one sweep."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfwsol.boxes.foreground import component_boxes, extent_boxes
from tfwsol.boxes.grey import quantised
from tfwsol.boxes.rules import Rule, named
from tfwsol.ops import box_sweep


def from_map(
    score_map: np.ndarray,
    thresholds: float | Sequence[float] | np.ndarray,
    multi_contour: bool,
    rule: str | Rule = "wsoleval",
) -> list[np.ndarray]:
    """The boxes of one map at each threshold.

    Args:
        score_map: height × width, floating point; see `sweep` for its values.
        thresholds: One number or several.
        multi_contour: Whether all contours give a box, holes too, or only the largest.
        rule: A preset's name, or a rule.

    Returns:
        One int32 array n × 4 per threshold, x0, y0, x1, y1 in pixels of the map. Where
        nothing is foreground, the rule's own fallback box.

    Raises:
        TypeError: The map is not floating point.
        ValueError: The map, a threshold or the rule does not fit; the message says how.
    """
    score_map = np.asarray(score_map)
    if score_map.ndim != 2:
        raise ValueError(f"A score map is height × width; got the shape {score_map.shape}.")
    boxes, splits = sweep(score_map[None], np.atleast_1d(thresholds), multi_contour, rule)
    return np.split(boxes, splits[1:-1])


def sweep(
    maps: np.ndarray,
    thresholds: Sequence[float] | np.ndarray,
    multi_contour: bool,
    rule: str | Rule = "wsoleval",
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes of many maps at each threshold, with the rule's clipping and fallback.

    Args:
        maps: batch × height × width, floating point and finite: in [0, 1], or not negative for
            a rule whose level is a share of their mean, number or sum. They are used at their own
            size (`score_maps` resizes and scales).
        thresholds: T numbers for all maps, or batch × T.
        multi_contour: Whether all contours give a box, holes too, or only the largest.
        rule: A preset's name, or a rule.

    Returns:
        boxes: int32, N × 4: x0, y0, x1, y1 in pixels of the map. At least one box per map and
            threshold. With `multi_contour` in free order, perhaps with repeats.
        splits: int64, batch · T + 1: the boxes of map b at threshold t are
            ``boxes[splits[b * T + t] : splits[b * T + t + 1]]``.

    Raises:
        TypeError: The maps are not floating point.
        ValueError: A map, a threshold or the rule does not fit; the message says how.
    """
    boxes, splits, segments = distinct_sweep(maps, thresholds, multi_contour, rule)
    return _gathered(boxes, splits, segments.ravel())


def distinct_sweep(
    maps: np.ndarray,
    thresholds: Sequence[float] | np.ndarray,
    multi_contour: bool,
    rule: str | Rule = "wsoleval",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The boxes of `sweep` without the repeats of thresholds that mean the same level.

    A thousand thresholds have at most 256 levels on a grey map, so what is computed per box
    should be computed on these and spread with the third result afterwards.

    Returns:
        boxes: int32, N × 4, as of `sweep`.
        splits: int64, batch · D + 1, where D levels are enough for every map.
        segments: int64, batch × T: the boxes of map b at threshold t are
            ``boxes[splits[segments[b, t]] : splits[segments[b, t] + 1]]``.

    Raises:
        TypeError: The maps are not floating point.
        ValueError: A map, a threshold or the rule does not fit; the message says how.
    """
    rule = named(rule)
    if multi_contour and rule.region != "contour":
        raise ValueError(f"The rule {rule.name!r} has one box per map; leave multi_contour False.")
    maps, thresholds = _checked(maps, thresholds, rule)
    if rule.region == "contour":
        grey = quantised(maps, rule.grey)
        levels = (thresholds * grey.max(axis=(1, 2))[:, None]).astype(np.int32)
        levels, segments = _distinct(levels)
        boxes, splits = box_sweep(grey, levels, multi_contour)
    else:
        find = component_boxes if rule.region == "component" else extent_boxes
        boxes, splits = find(maps, thresholds, rule.level, rule.deviations)
        segments = np.arange(thresholds.size).reshape(thresholds.shape)
    return *_finished(boxes, splits, maps.shape[1:], rule), segments


def _distinct(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row's levels once, filled up with 255 (nothing is brighter), and where each went."""
    order = np.argsort(levels, axis=1, kind="stable")
    ascending = np.take_along_axis(levels, order, axis=1)
    is_new = np.diff(ascending, axis=1, prepend=-1) > 0
    place = np.cumsum(is_new, axis=1) - 1
    rows = np.arange(len(levels))[:, None]
    width = int(place[:, -1:].max(initial=-1)) + 1
    distinct = np.full((len(levels), width), 255, np.int32)
    distinct[rows, place] = ascending
    segments = np.empty(levels.shape, np.int64)
    segments[rows, order] = place + rows * width
    return distinct, segments


def _finished(
    boxes: np.ndarray, splits: np.ndarray, size: tuple[int, int], rule: Rule
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes clipped or ended as the rule has it, and its fallback where there are none."""
    height, width = size
    if rule.inclusive:
        boxes = boxes - np.array([0, 0, 1, 1], np.int32)
    if rule.clip:
        boxes = np.minimum(boxes, np.array([width, height, width, height], np.int32) - 1)
    counts = np.diff(splits)
    filled = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(np.maximum(counts, 1), out=filled[1:])
    result = np.empty((filled[-1], 4), np.int32)
    is_fallback = np.zeros(filled[-1], bool)
    is_fallback[filled[:-1][counts == 0]] = True
    result[is_fallback] = (0, 0, width, height) if rule.fallback is None else rule.fallback
    result[~is_fallback] = boxes
    return result, filled


def _gathered(
    boxes: np.ndarray, splits: np.ndarray, segments: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The boxes of these segments, one after another."""
    counts = np.diff(splits)[segments]
    gathered = np.zeros(len(segments) + 1, np.int64)
    np.cumsum(counts, out=gathered[1:])
    inside = np.arange(gathered[-1]) - np.repeat(gathered[:-1], counts)
    return boxes[np.repeat(splits[segments], counts) + inside], gathered


def _checked(
    maps: np.ndarray, thresholds: Sequence[float] | np.ndarray, rule: Rule
) -> tuple[np.ndarray, np.ndarray]:
    """The maps in the rule's precision, and float64 thresholds batch × T."""
    maps, thresholds = np.asarray(maps), np.asarray(thresholds, np.float64)
    if not np.issubdtype(maps.dtype, np.floating):
        raise TypeError(f"Score maps are floating point; got {maps.dtype}.")
    if maps.ndim != 3 or 0 in maps.shape[1:]:
        raise ValueError(f"Score maps are batch × height × width; got the shape {maps.shape}.")
    fits = thresholds.ndim == 1 or (thresholds.ndim == 2 and len(thresholds) == len(maps))
    if not fits or thresholds.shape[-1] == 0:
        raise ValueError(
            f"Thresholds are T >= 1 numbers, or {len(maps)} maps × T; got the shape "
            f"{thresholds.shape}."
        )
    free = rule.level not in ("of_maximum", "absolute")
    if not (np.isfinite(maps) & (maps >= 0) & (maps <= (np.inf if free else 1.0))).all():
        wanted = "not negative" if free else "in [0, 1]"
        raise ValueError(
            f"Score maps for the rule {rule.name!r} are finite and {wanted}; bring them there "
            "with tfwsol.boxes.score_maps first."
        )
    highest = np.inf if rule.level in ("of_nonzero_mean", "of_mean") else 1.0
    if not (np.isfinite(thresholds) & (thresholds >= 0) & (thresholds <= highest)).all():
        raise ValueError(
            f"Thresholds for the rule {rule.name!r} are numbers from 0 to {highest}; got "
            f"{thresholds.min()} to {thresholds.max()}."
        )
    return maps.astype(rule.precision), np.broadcast_to(
        thresholds, (len(maps), thresholds.shape[-1])
    )
