"""The HTML page about a set of explained photographs."""

from __future__ import annotations

import pathlib
from typing import Any

from tfwsol.data.photograph import read_image
from tfwsol.evaluation.explanation_record import ExplanationRecord
from tfwsol.evaluation.provenance import versions
from tfwsol.methods.explainer_names import TITLES
from tfwsol.visualization import Figure, Report, Section, Table, write_report

_MOST_IMAGES = 60
_MOST_FILMED = 2


def write_explanation_report(path: pathlib.Path, record: ExplanationRecord) -> None:
    """Writes one self-contained page with the maps of every photograph and what was found."""
    shown = record.images[:_MOST_IMAGES]
    sections = [Section("Maps", _legend(record.settings), tables=[_pictures(record, shown)])]
    films = [
        Figure((record.folder / film["picture"]).read_bytes(), *_film_words(entry, film))
        for entry in shown[:_MOST_FILMED]
        for film in entry.get("films", [])
    ]
    if films:
        sections.append(Section("The published loop on its way", figures=films))
    sections.append(Section("What was found", tables=[_numbers(shown)]))
    if record.skipped:
        rows = [[name, why] for name, why in record.skipped.items()]
        sections.append(Section("Left out", tables=[Table(["File", "Why"], rows)]))
    facts = {**record.settings, **versions()}
    write_report(path, Report("Where the model looked", _lead(record), sections, facts))


def explained_rows(
    folder: pathlib.Path, entry: dict[str, Any], methods: list[str]
) -> list[list[Any]]:
    """One table row per class asked: the photograph, then one picture per method."""
    columns = {name: [m for m in entry["maps"] if m["method"] == name] for name in methods}
    rows = []
    for k in range(max(len(maps) for maps in columns.values())):
        row: list[Any] = [_input(entry) if k == 0 else ""]
        for maps in columns.values():
            row.append(_overlay(folder, maps[k]) if k < len(maps) else "")
        rows.append(row)
    return rows


def _lead(record: ExplanationRecord) -> list[str]:
    count = len(record.images)
    lead = [
        f"{count} photograph{'s' * (count != 1)} explained at the layer "
        f"{record.settings.get('layer') or 'nearest to the classifier that still has cells'}."
    ]
    if count > _MOST_IMAGES:
        lead.append(f"This page shows the first {_MOST_IMAGES}; results.json holds all.")
    if record.skipped:
        lead.append(f"{len(record.skipped)} could not be read and are named below.")
    return lead


def _legend(settings: dict[str, Any]) -> list[str]:
    legend = [
        "Red is high and blue is low in each map; every map is stretched to its own range. The "
        "percentage is the softmax of the model's scores. The box holds the largest region above "
        f"{100 * settings['box_threshold']:.0f} % of the map's range."
    ]
    if "l2caf" in settings["methods"] and settings["sign"] == "abs":
        legend.append(
            "L2-CAF is shown as published, by its absolute value: cells that speak against the "
            "class look as hot as cells that speak for it. The share of such cells is listed as "
            "“negative”; --sign=positive hides them."
        )
    return legend


def _pictures(record: ExplanationRecord, entries: list[dict[str, Any]]) -> Table:
    methods = record.settings["methods"]
    rows = [row for e in entries for row in explained_rows(record.folder, e, methods)]
    caption = "One row per class asked, the most probable first."
    if record.settings["class_ids"]:
        caption = "One row per class asked."
    return Table(["Photograph", *(TITLES[name] for name in methods)], rows, caption)


def _input(entry: dict[str, Any]) -> Figure:
    name = pathlib.Path(entry["image"]).name
    best = entry["predictions"][0]
    words = f"{name}: {best['class_name']}, {100 * best['probability']:.1f} %"
    return Figure(read_image(entry["image"]), alt=f"The photograph {name}", caption=words)


def _overlay(folder: pathlib.Path, found: dict[str, Any]) -> Figure:
    words = found["class_name"]
    alt = f"{TITLES[found['method']]} map of {words}"
    return Figure((folder / found["picture"]).read_bytes(), alt=alt, caption=words)


def _film_words(entry: dict[str, Any], film: dict[str, Any]) -> tuple[str, str]:
    words = f"{pathlib.Path(entry['image']).name}: {film['class_name']}, {film['frames']} frames"
    return f"Convergence of L2-CAF on {words}", words


def _numbers(entries: list[dict[str, Any]]) -> Table:
    header = ["Photograph", "Class", "Score", "Method", "Loss", "Iterations", "Negative"]
    rows = [
        [
            pathlib.Path(entry["image"]).name,
            found["class_name"],
            found["score"],
            TITLES[found["method"]],
            found.get("loss"),
            found.get("iterations"),
            found.get("negative_share"),
        ]
        for entry in entries
        for found in entry["maps"]
    ]
    return Table(header, rows, "Loss, iterations and share of negative cells are of L2-CAF.")
