"""Score maps to boxes, and the geometry of boxes.

Boxes are half-open pixel corners x0, y0, x1, y1 in the last axis of an array.
"""

from tfwsol.boxes.contours import largest_contour_box
from tfwsol.boxes.overlap import iou

__all__ = ["iou", "largest_contour_box"]
