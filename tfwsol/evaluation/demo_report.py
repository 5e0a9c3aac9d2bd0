"""The page the demo ends with: what was measured, said plainly, and pictures of it."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from typing import Any

from tfwsol.evaluation.demo_report_pictures import STRETCHED, pictures
from tfwsol.evaluation.demo_report_result import DemoResult
from tfwsol.evaluation.demo_report_words import INTRODUCTION, MEASURES, findings, lead
from tfwsol.evaluation.explanation_report import explained_rows
from tfwsol.visualization import Figure, Report, Section, Table, write_report

_BOXES = {
    "MaxBoxAccV2": "MaxBoxAccV2",
    "MaxBoxAccV2@30": "at 30 %",
    "MaxBoxAccV2@50": "at 50 %",
    "MaxBoxAccV2@70": "at 70 %",
    "PxAP": "PxAP",
}
_HEAT = {
    "part_only": "Part-only boxes",
    "mean_iou": "Mean IoU",
    "peak_on_part": "Peak on face",
    "peak_on_object": "Peak on animal",
    "energy_in_part": "Energy on face",
    "energy_in_object": "Energy on animal",
}


def write_demo_report(path: pathlib.Path, result: DemoResult, facts: Mapping[str, Any]) -> None:
    """Writes the page, one self-contained HTML file."""
    sections = [
        Section("Two networks", INTRODUCTION),
        Section("Does the map find the animal?", MEASURES, tables=[_boxes(result)]),
        Section("Where the heat is", findings(result), tables=[_heat(result)]),
        pictures(result),
        _photograph(result.photograph),
    ]
    report = Report("Where does a classifier look?", lead(result), sections, dict(facts))
    write_report(path, report)


def _boxes(result: DemoResult) -> Table:
    header = ["Method", "Accuracy", *_BOXES.values()]
    rows = [
        [name, result.accuracy(name), *(found.numbers[key] for key in _BOXES)]
        for name, found in result.scores.items()
    ]
    return Table(header, rows, f"Percent, over {len(result.examples.images)} test images.")


def _heat(result: DemoResult) -> Table:
    rows = [[name, *(found.numbers[key] for key in _HEAT)] for name, found in result.scores.items()]
    caption = (
        f"Percent, over {len(result.examples.images)} test images. The box is that of the largest "
        "region above half the maximum. Part-only: it fits the face better than the animal, whose "
        "box it overlaps by less than half. IoU: its overlap with the animal's box. Peak: the "
        "hottest pixel. Energy: the share of the heat."
    )
    return Table(["Method", *_HEAT.values()], rows, caption)


def _photograph(found: Mapping[str, Any] | str) -> Section:
    if isinstance(found, str):
        return Section("A photograph", [f"Not explained: {found}"])
    content = json.loads((found["folder"] / "results.json").read_text("utf-8"))
    entry, methods = content["images"][0], content["settings"]["methods"]
    films = [
        Figure(
            (found["folder"] / film["picture"]).read_bytes(),
            alt=f"The published L2-CAF loop converging on {film['class_name']}",
            caption=f"The published loop on its way: {film['class_name']}",
        )
        for film in entry.get("films", [])[:1]
    ]
    return Section(
        "A photograph, with ImageNet weights",
        ["The two most probable classes. L2-CAF in closed form; the film is the published loop."],
        tables=[
            Table(
                ["Photograph", "L2-CAF", "CAM", "Grad-CAM"],
                explained_rows(found["folder"], entry, methods),
                STRETCHED,
            )
        ],
        figures=films,
    )
