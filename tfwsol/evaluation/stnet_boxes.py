"""STNet's proposals: from gates to boxes of the view, of the picture, and their overlaps."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tfwsol.boxes import (
    PRESETS,
    CellGrid,
    Rule,
    cells_to_image,
    gate_boxes,
    scale_truth,
    score_maps,
)
from tfwsol.metrics import LocalizationAccuracy

NO_BOX = (0, 0, 1, 1)
"""What the published program proposes where nothing is foreground, in cells."""


def proposals(
    gates: np.ndarray,
    collapse: str,
    rule: Rule,
    threshold: float,
    grids: tuple[CellGrid, CellGrid],
    side: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The box of each array of gates in pixels of the view.

    Biparva and Tsotsos, "STNet", 2017: the box round all foreground cells, grown to what its
    corner cells see.

    Args:
        gates: Batch × rows × columns × channels.
        collapse: See `tfwsol.boxes.gate_boxes`.
        rule: With the fallback (-1, -1, -1, -1).
        threshold: What the rule calls foreground.
        grids: Of the rows and of the columns.
        side: Of the square view in pixels.

    Returns:
        boxes: int32, batch × 4: x0, y0, x1, y1, the last pixel included, each in [0, side].
        found: bool, batch: whether anything was foreground.
    """
    cells = gate_boxes(gates, collapse, rule, threshold)
    found = cells[:, 0] >= 0
    cells = np.where(found[:, None], cells, np.array(NO_BOX, np.int32))
    rows, columns = (
        cells_to_image(cells, grid.stride, grid.start, grid.receptive_field, side) for grid in grids
    )
    return np.where([True, False, True, False], columns, rows).astype(np.int32), found


def proposals_beside(maps: np.ndarray, rule: Rule, threshold: float, side: int) -> np.ndarray:
    """The boxes of other methods' maps by the rule of STNet's gates; the comparison is ours.

    The rule knows no negative values and takes maps as they are. So what is below zero counts as
    nothing, and the maps are first brought to the pixels of the view.

    Args:
        maps: Batch × height × width.
        rule: As of `proposals`.
        threshold: What the rule calls foreground.
        side: Of the square view in pixels.

    Returns:
        int32, batch × 4, as of `proposals`.
    """
    pixels = (CellGrid(side), CellGrid(side))
    shown = score_maps(np.maximum(maps, 0), rule, (side, side))
    return proposals(shown[..., None], "sum", rule, threshold, pixels, side)[0]


def truth_in_view(boxes: np.ndarray, size: tuple[int, int], side: int) -> np.ndarray:
    """True boxes in a view whose short side was resized to `side` and whose middle was cropped.

    Args:
        boxes: n × 4 in pixels of the picture.
        size: Height and width of the picture.
        side: Of the square view in pixels.

    Returns:
        float64, n × 4; the published program's arithmetic at its 224 pixels.

    Raises:
        ValueError: A box is malformed.
    """
    stnet = PRESETS["stnet"]
    truth = dataclasses.replace(stnet.truth, resize=side, crop=side)
    return scale_truth(boxes, size, dataclasses.replace(stnet, truth=truth))


def overlaps(boxes: np.ndarray, truths: Sequence[np.ndarray | None]) -> list[float | None]:
    """The best overlap of each box with a true one by STNet's rule; None where there is none.

    Args:
        boxes: n × 4 in pixels of the view.
        truths: n of m × 4 in pixels of the view.
    """
    known = [place for place, truth in enumerate(truths) if truth is not None and len(truth)]
    found: list[float | None] = [None] * len(truths)
    if known:
        metric = LocalizationAccuracy("stnet", top_k=())
        best = metric.overlaps(boxes[known], [truths[place] for place in known], None)
        for place, overlap in zip(known, best[:, 0].tolist(), strict=True):
            found[place] = overlap
    return found


def in_picture(box: np.ndarray, region: np.ndarray, side: int) -> np.ndarray:
    """A box of the view in pixels of the picture: float64, half-open corners x0, y0, x1, y1.

    Args:
        box: x0, y0, x1, y1 in pixels of the view, the last one included.
        region: x0, y0, x1, y1 of the view in pixels of the picture.
        side: Of the square view in pixels.
    """
    ends = np.asarray(box, np.float64) + np.array([0, 0, 1, 1])
    shares = np.minimum(ends, side) / side
    region = np.asarray(region, np.float64)
    origin = region[[0, 1, 0, 1]]
    return origin + shares * (region[[2, 3, 2, 3]] - origin)
