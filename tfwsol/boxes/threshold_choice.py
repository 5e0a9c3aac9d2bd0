"""Thresholds that are chosen: on a split with ground truth, or from a map alone."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tfwsol.boxes.grey import quantised
from tfwsol.boxes.rules import Rule, named


def best_threshold(
    overlaps: np.ndarray, thresholds: Sequence[float] | np.ndarray, iou_threshold: float = 0.5
) -> tuple[float, float]:
    """The threshold at which most images of a split are hit, and the share it hits.

    Chosen on the split that is reported, it is an oracle's; take another split for a fair one.

    Args:
        overlaps: Images × T: the best IoU of each, as of `best_iou`.
        thresholds: The T thresholds. Among equally good ones the first is taken.
        iou_threshold: An image is hit where its IoU is at least this.

    Returns:
        The threshold and the accuracy in [0, 1].

    Raises:
        ValueError: There is no image, or not one threshold per column.
    """
    overlaps = np.asarray(overlaps)
    if overlaps.ndim != 2 or overlaps.size == 0 or overlaps.shape[1] != len(thresholds):
        raise ValueError(
            f"Overlaps are images × {len(thresholds)} thresholds; got the shape {overlaps.shape}."
        )
    accuracy = (overlaps >= iou_threshold).mean(axis=0)
    best = int(accuracy.argmax())
    return float(thresholds[best]), float(accuracy[best])


def otsu_thresholds(maps: np.ndarray, rule: str | Rule = "wsoleval") -> np.ndarray:
    """The threshold of each map that parts its grey levels best into two classes.

    Otsu, "A threshold selection method from gray-level histograms", 1979. It needs no ground
    truth and differs from map to map, so it belongs to none of the published protocols.

    Args:
        maps: ... × height × width in [0, 1], as of `score_maps`.
        rule: A rule that compares grey levels, or its name.

    Returns:
        float64, one per map: thresholds for the same rule.

    Raises:
        ValueError: The rule compares no grey levels, or the maps are not in [0, 1].
    """
    rule = named(rule)
    if rule.level != "of_maximum":
        raise ValueError(
            f"Otsu's threshold is one of grey levels, and the rule {rule.name!r} has none."
        )
    maps = np.asarray(maps, rule.precision)
    if not ((maps >= 0) & (maps <= 1)).all():
        raise ValueError("Otsu's threshold needs maps in [0, 1]; use tfwsol.boxes.score_maps.")
    grey = quantised(maps, rule.grey)
    highest = grey.max(axis=(-2, -1)).astype(np.float64)
    # OpenCV takes one picture at a time.
    levels = [
        cv2.threshold(picture, 0, 255, cv2.THRESH_OTSU)[0]
        for picture in grey.reshape(-1, *grey.shape[-2:])
    ]
    levels = np.minimum(np.reshape(levels, highest.shape), np.maximum(highest - 1, 0))
    # The middle between two levels comes out of the rule's product and truncation unharmed.
    return np.divide(levels + 0.5, highest, out=np.zeros_like(levels), where=highest > 0)
