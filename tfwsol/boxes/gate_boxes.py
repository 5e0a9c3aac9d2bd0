"""Boxes of gates that still have their channels."""

from __future__ import annotations

import numpy as np

from tfwsol.boxes.foreground import extent_boxes
from tfwsol.boxes.rules import Rule, named

COLLAPSES = ("sum", "max", "intact")


def gate_boxes(
    gates: np.ndarray,
    collapse: str = "sum",
    rule: str | Rule = "stnet",
    threshold: float = 1.0,
) -> np.ndarray:
    """The box round all the foreground of each array of gates, in cells.

    Biparva and Tsotsos' proposals, "STNet", 2017. "intact" compares every gate by itself and
    leaves its channel out of account, which their program means to do.

    Args:
        gates: Batch × rows × columns × channels, nowhere negative.
        collapse: "sum" or "max" of the channels of a cell before cells are compared; "intact".
        rule: With the level, the deviations, the convention and the fallback: a preset's name, or
            a rule of the region "all".
        threshold: What the rule calls foreground.

    Returns:
        int32, batch × 4: x0, y0, x1, y1; of the rule ``stnet`` the last cell is included.

    Raises:
        ValueError: An argument is none of its choices, or the gates do not have four axes.
    """
    gates, rule = np.asarray(gates, np.float32), named(rule)
    if collapse not in COLLAPSES:
        raise ValueError(f"Gates collapse by one of {', '.join(COLLAPSES)}; got {collapse!r}.")
    if gates.ndim != 4:
        raise ValueError(f"Gates are batch × rows × columns × channels; got {gates.shape}.")
    if rule.region != "all":
        raise ValueError(
            f"Gates are boxed by a rule of the region 'all', as 'stnet' is; got {rule.name!r}."
        )
    batch, rows, columns, channels = gates.shape
    if collapse == "intact":
        flat, cells = gates.reshape(batch, rows, columns * channels), channels
    else:
        flat, cells = gates.sum(axis=3) if collapse == "sum" else gates.max(axis=3), 1
    thresholds = np.full((batch, 1), threshold)
    found, splits = extent_boxes(flat, thresholds, rule.level, rule.deviations)
    boxes = np.tile(np.array(rule.fallback or (0, 0, columns, rows), np.int32), (batch, 1))
    boxes[np.diff(splits) > 0] = _in_cells(found, cells) - np.array([0, 0, 1, 1]) * rule.inclusive
    return boxes


def _in_cells(boxes: np.ndarray, per_cell: int) -> np.ndarray:
    """Boxes whose columns are several to a cell, in cells."""
    x0, y0, x1, y1 = boxes.T
    return np.stack([x0 // per_cell, y0, -(-x1 // per_cell), y1], axis=1)
