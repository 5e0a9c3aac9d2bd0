"""Boxes of maps for use, not for a score: in pixels of the photograph, and none where none is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np

from tfwsol.boxes import PRESETS, Rule, score_maps, sweep

Contours = Literal["largest", "all"]
CONTOURS: tuple[Contours, ...] = ("largest", "all")

RULES = tuple(name for name, rule in PRESETS.items() if rule.min_max != "never")
"""The rules that bring any map to [0, 1] first; the others are for gates that are not negative."""

THRESHOLDS = {
    # Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016.
    "wsoleval": 0.2,
    "adl": 0.2,
    # Gao et al., "TS-CAM", ICCV 2021, on ImageNet.
    "tscam": 0.12,
    # Wu et al., "Background Activation Suppression", CVPR 2022, on ImageNet.
    "bas": 0.5,
}
"""A published threshold of each rule, for models of which nothing better is known."""

_NOTHING = (-1, -1, -1, -1)


def found_boxes(
    maps: np.ndarray,
    sizes: np.ndarray | Sequence[tuple[int, int]],
    rule: str,
    threshold: float,
    contours: Contours = "largest",
) -> list[list[np.ndarray]]:
    """The boxes of every map in pixels of its photograph, the largest first.

    They are `tfwsol.boxes.of`'s, but for two things that only a score needs: a box may reach the
    last pixel, where a protocol that counts end pixels in cuts it one short, and where nothing
    is foreground there is no box instead of the protocol's fallback.

    Args:
        maps: Real numbers, batch × classes × height × width; each covers its whole photograph.
        sizes: Height and width of each photograph, batch × 2.
        rule: One of `RULES`.
        threshold: What the rule calls foreground, in [0, 1].
        contours: "largest": at most one box per map. "all": one for each contour, holes too, as
            the rule has them.

    Returns:
        By image and class: float64 n × 4, half-open corners x0, y0, x1, y1.

    Raises:
        ValueError: The rule has no several contours, or the maps or the threshold do not fit it.
    """
    maps = np.asarray(maps)
    used = dataclasses.replace(PRESETS[rule], clip=False, fallback=_NOTHING)
    scaled = score_maps(maps, used)
    scaled = scaled.reshape(-1, *scaled.shape[-2:])
    boxes, splits = sweep(scaled, [threshold], contours == "all", used)
    owners = np.repeat(np.arange(len(splits) - 1), np.diff(splits))
    boxes, owners = _tidy(boxes, owners)
    extents = np.asarray(sizes, np.float64)[owners // maps.shape[1]][:, [1, 0, 1, 0]]
    pixels = _shares(boxes, scaled.shape[1:], used) * extents
    ends = np.searchsorted(owners, np.arange(1, len(scaled)))
    found = np.split(pixels, ends)
    return [found[first : first + maps.shape[1]] for first in range(0, len(found), maps.shape[1])]


def _tidy(boxes: np.ndarray, owners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The boxes that are any, each once, by map and then from the largest to the smallest."""
    rows = np.column_stack([owners, boxes])[boxes[:, 0] >= 0]
    rows = np.unique(rows, axis=0)
    areas = (rows[:, 3] - rows[:, 1]) * (rows[:, 4] - rows[:, 2])
    rows = rows[np.lexsort((-areas, rows[:, 0]))]
    return rows[:, 1:], rows[:, 0]


def _shares(boxes: np.ndarray, size: tuple[int, int], rule: Rule) -> np.ndarray:
    """The corners as shares of the width and height of the map."""
    return (boxes + np.array([0, 0, 1, 1]) * rule.inclusive) / np.array([*size[::-1]] * 2)
