"""One view with proposed and true boxes, or with its class hypotheses."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tfwsol.data.model_view import model_view
from tfwsol.visualization import SheetRow, draw_boxes, lay_out
from tfwsol.visualization.colouring import blend, colour, colour_table

_LEAST = 336
_PROPOSED, _TRUE = "#e8201c", "#2f6bff"
_ALPHA = 0.5


@dataclasses.dataclass(frozen=True)
class HypothesisRow:
    """What is shown of one class.

    Attributes:
        caption: Its name and numbers.
        hypothesis: Its class-hypothesis map, side × side.
        box: x0, y0, x1, y1 in pixels of the view; None: none to show.
    """

    caption: str
    hypothesis: np.ndarray
    box: np.ndarray | None = None


def stnet_sheet(
    view: np.ndarray,
    name: str,
    rows: Sequence[HypothesisRow],
    true_boxes: np.ndarray | None = None,
    with_map: bool = False,
) -> np.ndarray:
    """A row per class: the boxes on the view, and the class hypothesis over it.

    Args:
        view: 0..255, side × side × 3; shown with at least 336 pixels.
        name: Stands above it.
        rows: At least one.
        true_boxes: n × 4 in pixels of the view, drawn in blue below the red ones.
        with_map: Whether the map also stands alone.

    Returns:
        uint8, sheet height × sheet width × 3.
    """
    side = len(view)
    zoom = -(-_LEAST // side)
    plain = np.rint(view).clip(0, 255).astype(np.uint8)
    shown = model_view(plain, (side * zoom, side * zoom)).astype(np.uint8)
    truth = np.zeros((0, 4)) if true_boxes is None else np.asarray(true_boxes)
    sheet = []
    for place, row in enumerate(rows):
        colours = hypothesis_colours(row.hypothesis)
        alone = model_view(colours, shown.shape[:2]).astype(np.uint8)
        pictures = [shown, *[alone] * with_map, blend(shown, alone, _ALPHA)]
        framed = np.zeros((0, 4)) if row.box is None else np.asarray(row.box)[None]
        if not with_map:
            pictures = [
                draw_boxes(draw_boxes(picture, truth * zoom, _TRUE), framed * zoom, _PROPOSED, 3)
                for picture in pictures
            ]
        sheet.append(SheetRow(pictures, "" if place else name, row.caption, place == 0))
    columns = ["Photograph", *["Class hypothesis"] * with_map, "Class hypothesis on it"]
    return lay_out(columns, sheet)


def hypothesis_colours(hypothesis: np.ndarray) -> np.ndarray:
    """A map in the colours of jet from 0.4 times its minimum to 0.8 times its maximum, in uint8.

    Biparva and Tsotsos' program shows them so. A map that is the same everywhere is dark blue.
    """
    low, high = 0.4 * float(hypothesis.min()), 0.8 * float(hypothesis.max())
    if hypothesis.min() == hypothesis.max():
        scaled = np.zeros(hypothesis.shape)
    else:
        scaled = ((hypothesis - low) / (high - low)).clip(0, 1)
    return np.rint(colour(scaled, colour_table("jet"))).astype(np.uint8)
