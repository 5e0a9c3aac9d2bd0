"""One picture with its boxes, beside its maps."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np

from tfwsol.data.model_view import model_view
from tfwsol.localization import Localization
from tfwsol.visualization import SheetRow, draw_boxes, lay_out, overlay

_LEAST, _MOST = 240, 480
_FOUND, _TRUE = "#ffd400", "#35c24a"
_COLORMAP, _ALPHA = "viridis", 0.5
_LONGEST_NAME = 80


@dataclasses.dataclass(frozen=True)
class OverlayRow:
    """What is shown of one class.

    Attributes:
        label: Its name.
        share: The softmax of its score.
        score_map: height × width, of the whole picture.
        boxes: n × 4 in pixels of the picture.
    """

    label: str
    share: float
    score_map: np.ndarray
    boxes: np.ndarray


def overlay_name(place: int, image_id: str) -> str:
    """A file name that no other picture has, and that says which one it is."""
    readable = re.sub(r"[^\w.-]+", "_", image_id)[-_LONGEST_NAME:]
    return f"{place:06d}_{readable}.png"


def box_overlay(
    image: np.ndarray,
    name: str,
    rows: Sequence[OverlayRow],
    true_boxes: np.ndarray | None = None,
) -> np.ndarray:
    """A picture of one row per class: the boxes on the photograph, and on its map.

    Args:
        image: uint8, height × width × 3; it is shown with its longer side brought to 240 to 480
            pixels.
        name: Stands above it.
        rows: At least one.
        true_boxes: n × 4 in pixels of the picture, drawn in green below the others.

    Returns:
        uint8, sheet height × sheet width × 3.
    """
    longer = max(image.shape[:2])
    zoom = min(max(longer, _LEAST), _MOST) / longer
    size = tuple(max(round(side * zoom), 1) for side in image.shape[:2])
    shown = np.rint(model_view(image, size)).clip(0, 255).astype(np.uint8)
    count = len(rows)
    maps = np.stack([row.score_map for row in rows])[None]
    record = Localization(maps, np.zeros((1, count), np.int32), np.zeros((1, 1)), size)
    covered = overlay([shown], record, _COLORMAP, _ALPHA)[0]
    ratio = np.array([size[1] / image.shape[1], size[0] / image.shape[0]] * 2)
    sheet = [
        SheetRow(
            [_boxed(one, row.boxes * ratio, true_boxes, ratio) for one in (shown, heat)],
            name if place == 0 else "",
            _caption(row),
            opens_group=place == 0,
        )
        for place, (row, heat) in enumerate(zip(rows, covered, strict=True))
    ]
    return lay_out(["Photograph", "Map"], sheet)


def _boxed(
    picture: np.ndarray, boxes: np.ndarray, true_boxes: np.ndarray | None, ratio: np.ndarray
) -> np.ndarray:
    if true_boxes is not None:
        picture = draw_boxes(picture, np.asarray(true_boxes) * ratio, _TRUE)
    return draw_boxes(picture, boxes, _FOUND)


def _caption(row: OverlayRow) -> str:
    words = f"{row.label}, {100 * row.share:.1f} %"
    return words if len(row.boxes) else f"{words}, no box"
