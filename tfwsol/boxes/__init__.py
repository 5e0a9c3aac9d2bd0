"""Score maps to boxes, and the geometry of boxes.

Boxes are pixel corners x0, y0, x1, y1 in the last axis of an array, half-open unless a
protocol (`Rule`) has its own convention.
"""

from tfwsol.boxes.cell_grid import CellGrid
from tfwsol.boxes.class_hypothesis import class_hypothesis_maps
from tfwsol.boxes.contours import largest_contour_box
from tfwsol.boxes.from_localization import masks, of
from tfwsol.boxes.gate_boxes import gate_boxes
from tfwsol.boxes.matching import best_iou
from tfwsol.boxes.overlap import iou, iou_inclusive
from tfwsol.boxes.peaks import peaks
from tfwsol.boxes.receptive_field import cells_to_image
from tfwsol.boxes.rules import PRESETS, Rule, TruthScaling
from tfwsol.boxes.score_map import score_maps
from tfwsol.boxes.sweep import distinct_sweep, from_map, sweep
from tfwsol.boxes.threshold_choice import best_threshold, otsu_thresholds
from tfwsol.boxes.truth import scale_truth

__all__ = [
    "PRESETS",
    "CellGrid",
    "Rule",
    "TruthScaling",
    "best_iou",
    "best_threshold",
    "cells_to_image",
    "class_hypothesis_maps",
    "distinct_sweep",
    "from_map",
    "gate_boxes",
    "iou",
    "iou_inclusive",
    "largest_contour_box",
    "masks",
    "of",
    "otsu_thresholds",
    "peaks",
    "scale_truth",
    "score_maps",
    "sweep",
]
