"""Contact sheets: many images, classes and methods on one picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import Colormap
from PIL import Image, ImageDraw

from tfwsol.localization import Localization
from tfwsol.visualization.box_drawing import draw_boxes
from tfwsol.visualization.captions import ClassNames, captions
from tfwsol.visualization.colouring import require_picture
from tfwsol.visualization.lettering import font, write_line
from tfwsol.visualization.overlays import overlay

_GAP = 10
_MARGIN = 24
_LINE = 26
_TEXT = 14
_MUTED = "#6a6a6a"


@dataclasses.dataclass(frozen=True)
class SheetRow:
    """One row of a contact sheet.

    Attributes:
        pictures: uint8, height × width × 3, or None for an empty place; one per column.
        name: What stands above the first picture.
        caption: What stands above the others.
        opens_group: Whether a line parts this row from the one above.
    """

    pictures: Sequence[np.ndarray | None]
    name: str = ""
    caption: str = ""
    opens_group: bool = True


def contact_sheet(
    images: Sequence[np.ndarray] | np.ndarray,
    localizations: Mapping[str, Localization],
    class_names: ClassNames | None = None,
    image_names: Sequence[str] | None = None,
    boxes: Sequence[np.ndarray | None] | None = None,
    colormap: str | Colormap = "bwr",
    alpha: float = 0.6,
    symmetric: bool = False,
    cell: int = 240,
) -> np.ndarray:
    """Returns one picture: a row per image and class, a column for the input and per method.

    The input and its name stand in the first row of each image. Pictures keep their aspect
    ratio and cover about the same area whatever their size. A method with one class-oblivious
    map appears in the first row only.

    Args:
        images: One picture per record row, uint8, height × width × 3 of any sizes.
        localizations: Records of the same images by method name, in the order of the columns.
            Records that are not class-oblivious must hold the same classes.
        class_names: Names by class id.
        image_names: One short name per image.
        boxes: Per image: boxes × 4 in pixels of the image, drawn on every picture, or None.
        colormap: A matplotlib colormap or its name.
        alpha: The weight of the map's colour.
        symmetric: Stretch signed maps around zero.
        cell: The side in pixels of a square picture on the sheet.

    Returns:
        uint8, sheet height × sheet width × 3, on white.

    Raises:
        ValueError: There are no methods, methods disagree about the classes, or a list has
            not one entry per image; and whatever ``overlay`` raises.
    """
    lead = _leading_record(localizations)
    count = len(images)
    for name, values in (("image name", image_names), ("entry of boxes", boxes)):
        if values is not None and len(values) != count:
            raise ValueError(f"Expected one {name} per image, got {len(values)} for {count}.")
    shown = [
        overlay(images, record, colormap, alpha, symmetric) for record in localizations.values()
    ]
    rows = []
    for i, words in enumerate(captions(lead, class_names)):
        framed = boxes[i] if boxes is not None and boxes[i] is not None else []
        for k, caption in enumerate(words):
            pictures = [images[i] if k == 0 else None]
            pictures += [method[i][k] if k < len(method[i]) else None for method in shown]
            pictures = [_fitted_picture(picture, cell, framed) for picture in pictures]
            name = image_names[i] if image_names is not None and k == 0 else ""
            rows.append(SheetRow(pictures, name, caption, opens_group=k == 0))
    return lay_out(["Input", *localizations], rows)


def lay_out(columns: Sequence[str], rows: Sequence[SheetRow]) -> np.ndarray:
    """Returns a sheet of pictures at their own size under bold column headings.

    Args:
        columns: The headings.
        rows: Rows of as many pictures as there are columns.

    Returns:
        uint8, sheet height × sheet width × 3, on white.

    Raises:
        ValueError: There is no row, or a row has not one picture per column.
    """
    if not rows or any(len(row.pictures) != len(columns) for row in rows):
        raise ValueError(f"Expected rows of {len(columns)} pictures each, and at least one row.")
    shapes = np.array([[_shape(picture) for picture in row.pictures] for row in rows])
    heading = font(_TEXT, bold=True)
    least = [int(heading.getlength(title)) + 1 for title in columns]
    widths = np.maximum(shapes[..., 1].max(axis=0), least)
    lefts = _MARGIN + np.concatenate([[0], np.cumsum(widths + _GAP)])
    heights = shapes[..., 0].max(axis=1) + _LINE
    parted = np.array([_GAP if row.opens_group else 0 for row in rows])
    tops = _MARGIN + _LINE + np.concatenate([[0], np.cumsum(heights + _GAP)[:-1]])
    tops = tops + np.cumsum(parted)
    right = int(lefts[-1]) - _GAP
    sheet = Image.new("RGB", (right + _MARGIN, int(tops[-1] + heights[-1]) + _MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    for left, title, width in zip(lefts, columns, widths, strict=False):
        write_line(draw, (left, _MARGIN + _LINE / 2 - 4), title, heading, width)
    for row, top in zip(rows, tops, strict=True):
        _place(sheet, draw, row, int(top), lefts, right)
    return np.asarray(sheet)


def _shape(picture: np.ndarray | None) -> tuple[int, ...]:
    return (0, 0) if picture is None else picture.shape[:2]


def _place(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    row: SheetRow,
    top: int,
    lefts: np.ndarray,
    right: int,
) -> None:
    if row.opens_group:
        draw.line((lefts[0], top - _GAP / 2, right, top - _GAP / 2), fill="#d9d9d9")
    middle, face = top + _LINE / 2, font(_TEXT)
    write_line(draw, (lefts[0], middle), row.name, face, lefts[1] - lefts[0] - _GAP, _MUTED)
    if len(row.pictures) > 1:
        write_line(draw, (lefts[1], middle), row.caption, face, right - lefts[1])
    for picture, left in zip(row.pictures, lefts, strict=False):
        if picture is not None:
            sheet.paste(Image.fromarray(picture), (int(left), top + _LINE))


def _fitted_picture(picture: np.ndarray | None, cell: int, boxes: np.ndarray) -> np.ndarray | None:
    """Returns the picture at about cell² pixels, no side beyond 1.5 cells, boxes drawn."""
    if picture is None:
        return None
    height, width = require_picture(picture).shape[:2]
    scale = min(cell / np.sqrt(height * width), 1.5 * cell / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    fitted = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    return draw_boxes(np.asarray(fitted), np.reshape(boxes, (-1, 4)) * scale)


def _leading_record(localizations: Mapping[str, Localization]) -> Localization:
    """Returns the record that names the rows, after checking that the others fit it."""
    if not localizations:
        raise ValueError("Expected at least one method, got none.")
    for name, record in localizations.items():
        if np.ndim(record.maps) != 4:
            raise ValueError(
                f"Expected maps of batch × classes × height × width, got {np.ndim(record.maps)} "
                f"axes from {name}; show one frame at a time."
            )
    ids = {name: np.asarray(record.class_ids) for name, record in localizations.items()}
    specific = {name: value for name, value in ids.items() if (value >= 0).any()}
    first = next(iter(specific or ids))
    for name, value in specific.items():
        if not np.array_equal(value, ids[first]):
            raise ValueError(
                f"Expected the same classes from every method, but {first} and {name} differ; "
                "pass class_ids to localize."
            )
    return localizations[first]
