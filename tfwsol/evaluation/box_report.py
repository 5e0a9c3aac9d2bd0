"""The HTML page about boxes that were found, and the tables that any such page has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfwsol.data.photograph import read_image
from tfwsol.evaluation.box_record import BoxRecord
from tfwsol.visualization import Figure, Report, Section, Table, write_report

_MOST_SHOWN, _MOST_LISTED, _IN_A_ROW = 60, 200, 2


def write_box_report(
    path: Path, record: BoxRecord, lead: Sequence[str], made: Mapping[str, Any]
) -> None:
    """Writes one self-contained page with the first overlays, boxes and skipped pictures.

    Args:
        path: Of the page.
        record: What was found.
        lead: What stands at its head.
        made: How: flags, versions.
    """
    found = record.found
    sections = []
    shown = [entry for entry in found if "overlay" in entry][:_MOST_SHOWN]
    if shown:
        prose = (
            "Yellow boxes were found; green ones are true, where the data say so. Every map is "
            f"stretched to its own range. These are the first {len(shown)} of {len(found)} "
            "pictures."
        )
        pictures = picture_table(record.folder, shown, "Picture and map")
        sections.append(Section("Boxes and maps", [prose], [pictures]))
    sections += [Section("What was found", tables=[box_table(found)]), *left_out(record)]
    write_report(path, Report("Boxes found", lead, sections, made))


def picture_table(folder: Path, entries: Sequence[Mapping[str, Any]], heading: str = "") -> Table:
    """The drawings of entries of a `BoxRecord`, two in a row, each below its name.

    Args:
        folder: Of the record.
        entries: Those that have a drawing.
        heading: Of each column.
    """
    figures = [
        Figure(
            tf.io.encode_jpeg(read_image(folder / entry["overlay"]), quality=90).numpy(),
            alt=f"{entry['image_id']}: "
            + ", ".join(found["class_name"] for found in entry["found"]),
            caption=entry["image_id"],
        )
        for entry in entries
    ]
    cells = [*figures, *[None] * (-len(figures) % _IN_A_ROW)]
    rows = [cells[first : first + _IN_A_ROW] for first in range(0, len(cells), _IN_A_ROW)]
    return Table([heading] * _IN_A_ROW, rows)


def box_table(entries: Sequence[Mapping[str, Any]], with_overlap: bool = False) -> Table:
    """Class, softmax in percent and corners in pixels of all that was found in entries.

    Args:
        entries: Of a `BoxRecord`; the first 200 are listed.
        with_overlap: Whether ``iou`` of what was found has a column.
    """
    rows = [
        [
            entry["image_id"],
            found["class_name"],
            100 * found["score"],
            *([found["iou"]] if with_overlap else []),
            "; ".join(", ".join(f"{corner:g}" for corner in box) for box in found["boxes"])
            or "none",
        ]
        for entry in entries[:_MOST_LISTED]
        for found in entry["found"]
    ]
    caption = ""
    if len(entries) > _MOST_LISTED:
        caption = f"The first {_MOST_LISTED} of {len(entries)} pictures; boxes.json holds all."
    overlap = ["Overlap"] * with_overlap
    header = ["Picture", "Class", "Softmax, %", *overlap, "x0, y0, x1, y1 in pixels"]
    return Table(header, rows, caption)


def left_out(record: BoxRecord) -> list[Section]:
    """The section of pictures that could not be read, where there are any."""
    rows = [list(item) for item in record.skipped.items()]
    return [Section("Left out", tables=[Table(["Picture", "Why"], rows)])] if rows else []
