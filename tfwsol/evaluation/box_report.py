"""The HTML page about boxes that were found."""

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
    found = [entry for entry in record.images if "found" in entry]
    sections = []
    shown = [entry for entry in found if "overlay" in entry][:_MOST_SHOWN]
    if shown:
        prose = (
            "Yellow boxes were found; green ones are true, where the data say so. Every map is "
            f"stretched to its own range. These are the first {len(shown)} of {len(found)} "
            "pictures."
        )
        sections.append(Section("Boxes and maps", [prose], [_pictures(record.folder, shown)]))
    sections.append(Section("What was found", tables=[_numbers(found)]))
    skipped = [[e["image_id"], e["skipped"]] for e in record.images if "skipped" in e]
    if skipped:
        sections.append(Section("Left out", tables=[Table(["Picture", "Why"], skipped)]))
    write_report(path, Report("Boxes found", lead, sections, made))


def _pictures(folder: Path, entries: Sequence[Mapping[str, Any]]) -> Table:
    figures = [
        Figure(
            tf.io.encode_jpeg(read_image(folder / entry["overlay"]), quality=90).numpy(),
            alt=f"{entry['image_id']} with boxes of "
            + ", ".join(found["class_name"] for found in entry["found"]),
            caption=entry["image_id"],
        )
        for entry in entries
    ]
    missing = -len(figures) % _IN_A_ROW
    cells = [*figures, *[None] * missing]
    rows = [cells[first : first + _IN_A_ROW] for first in range(0, len(cells), _IN_A_ROW)]
    return Table(["Picture and map"] * _IN_A_ROW, rows)


def _numbers(entries: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        [
            entry["image_id"],
            found["class_name"],
            100 * found["score"],
            "; ".join(", ".join(f"{corner:g}" for corner in box) for box in found["boxes"])
            or "none",
        ]
        for entry in entries[:_MOST_LISTED]
        for found in entry["found"]
    ]
    caption = ""
    if len(entries) > _MOST_LISTED:
        caption = f"The first {_MOST_LISTED} of {len(entries)} pictures; boxes.json holds all."
    return Table(["Picture", "Class", "Softmax, %", "x0, y0, x1, y1 in pixels"], rows, caption)
