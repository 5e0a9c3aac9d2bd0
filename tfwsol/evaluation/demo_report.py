"""The page the demo ends with: what was measured, said plainly, and pictures of it."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfwsol.evaluation.explanation_report import explained_rows
from tfwsol.evaluation.map_diagnostics import MaskedExamples, at_image_size, half_maximum_boxes
from tfwsol.localization import Localization
from tfwsol.visualization import Figure, Report, Section, Table, draw_boxes, overlay, write_report

_SHOWN = 10
_ENLARGE = 3
_PLENTY = 80.0
_STRETCHED = "Every map is stretched to its own range: red is high, blue is low."
_COLUMNS = {
    "mean_iou": "Mean IoU of the box",
    "part_only": "Part-only boxes",
    "peak_on_part": "Peak on the face",
    "peak_on_object": "Peak on the animal",
    "energy_in_part": "Energy on the face",
    "energy_in_object": "Energy on the animal",
}


@dataclasses.dataclass(frozen=True)
class DemoResult:
    """Everything the demo measured.

    Attributes:
        accuracy: Of the classifier on the test images, in percent.
        scores: For each method what `map_diagnostics.diagnose` gave.
        maps: For each method batch × map height × map width.
        examples: The test images.
        class_names: Of the critters.
        training_seconds: Wall time of the training.
        epochs: Of the training.
        photograph: Folder and settings of the explained photograph, or why there is none.
    """

    accuracy: float
    scores: Mapping[str, Mapping[str, float]]
    maps: Mapping[str, np.ndarray]
    examples: MaskedExamples
    class_names: Sequence[str]
    training_seconds: float
    epochs: int
    photograph: Mapping[str, Any] | str


def write_demo_report(path: pathlib.Path, result: DemoResult, facts: Mapping[str, Any]) -> None:
    """Writes the page, one self-contained HTML file."""
    sections = [
        Section("What the numbers say", findings(result), tables=[_numbers(result)]),
        Section(
            "The first test image of each class",
            [
                "Green: the animal's box. Yellow: the box of its face. White, on the maps: the box "
                "of the largest region above half the maximum. Maps are of the true class."
            ],
            tables=[_pictures(result)],
        ),
        _photograph(result.photograph),
    ]
    report = Report("Where does a classifier look?", _lead(result), sections, dict(facts))
    write_report(path, report)


def findings(result: DemoResult) -> list[str]:
    """Plain sentences about the numbers, whichever way they came out."""
    l2caf, gaussian = result.scores["L2-CAF"], result.scores["centred Gaussian"]
    face = 100.0 * float(result.examples.part_masks.mean())
    animal = 100.0 * float(result.examples.masks.mean())
    lights_face = l2caf["peak_on_part"] > 3 * face
    misses_animal = l2caf["mean_iou"] < 50.0
    return [
        f"The hottest pixel of L2-CAF lies on the face in {l2caf['peak_on_part']:.0f} % of the "
        f"images; the face covers {face:.1f} % of an image and the animal {animal:.1f} %. "
        + ("The map lights the face." if lights_face else "The map does not single out the face."),
        f"The box of the map at half its maximum overlaps the animal's with a mean IoU of "
        f"{l2caf['mean_iou']:.0f} %, and fits the face better than the animal in "
        f"{l2caf['part_only']:.0f} % of the images. "
        + (
            "It misses most of the animal: the class is written on the face, so a classifier has "
            "no reason to look at the rest. This is the failure that the methods of this field "
            "set out to mend."
            if misses_animal
            else "It covers much of the animal."
        ),
        f"A Gaussian in the middle, which looks at nothing, gets {gaussian['mean_iou']:.0f} %: "
        "boxes alone flatter whoever guesses the middle, so read them beside the other columns.",
    ]


def _lead(result: DemoResult) -> list[str]:
    verdict = "Classification succeeds" if result.accuracy >= _PLENTY else "Classification is weak"
    return [
        f"{verdict}: {result.accuracy:.1f} % of {len(result.examples.images)} held-out critters "
        f"are named correctly (chance: 10 %), after {result.epochs} epochs from labels alone in "
        f"{result.training_seconds:.0f} seconds.",
        "Nobody told the network where the animals are. The maps show what it used to decide.",
    ]


def _numbers(result: DemoResult) -> Table:
    rows = [[name, *(scores[key] for key in _COLUMNS)] for name, scores in result.scores.items()]
    count = len(result.examples.images)
    return Table(["Method", *_COLUMNS.values()], rows, f"Percent, over {count} test images.")


def _pictures(result: DemoResult) -> Table:
    names = [name for name in result.maps if name not in ("centred Gaussian", "random maps")]
    photos = result.examples.images[:_SHOWN].repeat(_ENLARGE, 1).repeat(_ENLARGE, 2)
    shown = {name: _overlaid(photos, result, name) for name in names}
    rows = []
    for i, photo in enumerate(photos):
        label = result.class_names[result.examples.labels[i]]
        truth = draw_boxes(photo, _ENLARGE * result.examples.boxes[i : i + 1], "#35c24a")
        truth = draw_boxes(truth, _ENLARGE * result.examples.part_boxes[i : i + 1], "#ffd400")
        cells = [Figure(shown[name][i], alt=f"{name} map of {label}") for name in names]
        rows.append([Figure(truth, alt=f"A critter of the class {label}", caption=label), *cells])
    return Table(["Image", *names], rows, _STRETCHED)


def _overlaid(photos: np.ndarray, result: DemoResult, name: str) -> list[np.ndarray]:
    maps = result.maps[name][:_SHOWN]
    boxes = half_maximum_boxes(at_image_size(maps, result.examples.images.shape[1:3]))
    ids = np.zeros((len(maps), 1), np.int32)
    record = Localization(maps[:, None], ids, np.zeros((len(maps), 1)), photos.shape[1:3])
    pictures = overlay(photos, record)
    return [
        draw_boxes(picture[0], _ENLARGE * box[None], "#ffffff")
        for picture, box in zip(pictures, boxes, strict=True)
    ]


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
                _STRETCHED,
            )
        ],
        figures=films,
    )
