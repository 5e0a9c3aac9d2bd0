"""The HTML page about STNet's boxes and class hypotheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfwsol.data.photograph import read_image
from tfwsol.evaluation.box_record import BoxRecord
from tfwsol.evaluation.stnet_table import HEADER, STNetNumber
from tfwsol.visualization import Figure, Report, Section, Table, write_report

_MOST_SHOWN, _MOST_LISTED, _IN_A_ROW = 24, 200, 2
_HIT = 0.5
_BOXES = (
    "Red boxes are proposed; blue ones are true, where they are known. The colours are the class "
    "hypothesis: every gated cell above the threshold adds its gate to all the pixels that it sees."
)
_MAPS = "Every gated cell above the threshold adds its gate to all the pixels that it sees."


def write_stnet_report(
    path: Path,
    record: BoxRecord,
    lead: Sequence[str],
    numbers: Sequence[STNetNumber],
    rows: Sequence[Sequence[str]],
    made: Mapping[str, Any],
) -> None:
    """Writes one self-contained page with numbers, pictures and what was left out.

    Args:
        path: Of the page.
        record: What was found.
        lead: What stands at its head.
        numbers: Of "bbox_eval"; else empty.
        rows: Below `tfwsol.evaluation.stnet_table.HEADER`; else empty.
        made: How: flags, versions.
    """
    sections = [_scores(numbers, rows)] if numbers else []
    found = [entry for entry in record.images if "found" in entry]
    shown = [entry for entry in found if "overlay" in entry]
    if numbers:
        known = [entry for entry in shown if entry["found"][0]["iou"] is not None]
        hits = [entry for entry in known if entry["found"][0]["iou"] >= _HIT]
        misses = [entry for entry in known if entry["found"][0]["iou"] < _HIT]
        sections += _gallery(record.folder, f"Overlaps of {_HIT:g} and more", _BOXES, hits)
        sections += _gallery(record.folder, f"Overlaps below {_HIT:g}", _BOXES, misses)
    else:
        words = _MAPS if record.settings["mode"] == "ch_viz" else _BOXES
        sections += _gallery(record.folder, "Pictures", words, shown)
    sections.append(Section("What was found", tables=[_listed(found)]))
    skipped = [[e["image_id"], e["skipped"]] for e in record.images if "skipped" in e]
    if skipped:
        sections.append(Section("Left out", tables=[Table(["Picture", "Why"], skipped)]))
    write_report(path, Report("STNet", lead, sections, made))


def _scores(numbers: Sequence[STNetNumber], rows: Sequence[Sequence[str]]) -> Section:
    cells = [
        [
            number.name,
            number.value,
            "" if number.interval is None else "{:.1f} to {:.1f}".format(*number.interval),
            number.images,
        ]
        for number in numbers
    ]
    prose = (
        "Percent of images; a box hits when it overlaps any true box so much. Published numbers "
        "are of all 50,000 validation images of ILSVRC and of the network that the row names. "
        "Maps of other methods, without what is negative, make boxes by the rule of the gates."
    )
    header = ["Number", "Measured, %", "95 % interval", "Images"]
    return Section("Localization", [prose], [Table(HEADER, rows), Table(header, cells)])


def _gallery(
    folder: Path, heading: str, words: str, entries: Sequence[Mapping[str, Any]]
) -> list[Section]:
    if not entries:
        return []
    shown = entries[:_MOST_SHOWN]
    prose = [words, f"The first {len(shown)} of {len(entries)} pictures that were drawn."]
    figures = [
        Figure(
            tf.io.encode_jpeg(read_image(folder / entry["overlay"]), quality=90).numpy(),
            alt=f"{entry['image_id']}: "
            + ", ".join(found["class_name"] for found in entry["found"]),
            caption=entry["image_id"],
        )
        for entry in shown
    ]
    cells = [*figures, *[None] * (-len(figures) % _IN_A_ROW)]
    rows = [cells[first : first + _IN_A_ROW] for first in range(0, len(cells), _IN_A_ROW)]
    return [Section(heading, prose, [Table([""] * _IN_A_ROW, rows)])]


def _listed(entries: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        [
            entry["image_id"],
            found["class_name"],
            100 * found["score"],
            found["iou"],
            "; ".join(", ".join(f"{corner:g}" for corner in box) for box in found["boxes"])
            or "none",
        ]
        for entry in entries[:_MOST_LISTED]
        for found in entry["found"]
    ]
    caption = ""
    if len(entries) > _MOST_LISTED:
        caption = f"The first {_MOST_LISTED} of {len(entries)} pictures; boxes.json holds all."
    header = ["Picture", "Class", "Softmax, %", "Overlap", "x0, y0, x1, y1 in pixels"]
    return Table(header, rows, caption)
