"""The HTML page about STNet's boxes and class hypotheses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfwsol.evaluation.box_record import BoxRecord
from tfwsol.evaluation.box_report import box_table, left_out, picture_table
from tfwsol.evaluation.stnet_table import HEADER, STNetNumber
from tfwsol.visualization import Report, Section, Table, write_report

_MOST_SHOWN = 24
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
    found = record.found
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
    listed = box_table(found, with_overlap=True)
    sections += [Section("What was found", tables=[listed]), *left_out(record)]
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
    return [Section(heading, prose, [picture_table(folder, shown)])]
