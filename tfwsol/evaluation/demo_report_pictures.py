"""The demo's pictures: the same images under the maps of every method, chosen by rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfwsol.evaluation.demo_report_result import DemoResult
from tfwsol.evaluation.map_diagnostics import at_image_size, half_maximum_boxes
from tfwsol.localization import Localization
from tfwsol.visualization import Figure, Section, Table, draw_boxes, overlay

STRETCHED = "Every map is stretched to its own range: red is high, blue is low."
_BY_CHANCE, _EACH = 4, 2
_ENLARGE = 3
_ANIMAL, _FACE, _FOUND = "#35c24a", "#ffd400", "#ffffff"


def pictures(result: DemoResult) -> Section:
    """Images drawn by chance, the best, the worst, and where the two networks differ."""
    tables = [
        Table(["Image", *result.methods], _rows(result, places), caption)
        for caption, places in choices(result).items()
    ]
    prose = [
        "Green: the animal's box. Yellow: the box of its face. White: the box of the largest "
        "region above half the maximum of the map; the percentage is its overlap (IoU) with the "
        f"green one. Maps are of the true class. {STRETCHED}",
        "No picture was picked by hand; each table says its rule.",
    ]
    return Section("The same images, method by method", prose, tables=tables)


def choices(result: DemoResult) -> dict[str, list[int]]:
    """Places of the images that are shown, by the rule that chose them, in words.

    A place that a rule has taken is not shown again by a later one.
    """
    cam, adl = (result.scores[name].overlaps for name in ("CAM", "ADL"))
    count = len(cam)
    drawn = np.random.default_rng(0).choice(count, min(_BY_CHANCE, count), replace=False)
    both = (cam + adl) / 2
    rules = {
        "Drawn by chance (NumPy's generator, seed 0).": drawn,
        "Best: the highest mean overlap of CAM's and ADL's box.": _highest(both),
        "Worst: the lowest mean overlap of CAM's and ADL's box.": _highest(-both),
        "Where ADL's box gains most over CAM's.": _highest(adl - cam),
        "Where ADL's box loses most to CAM's.": _highest(cam - adl),
    }
    shown: set[int] = set()
    found: dict[str, list[int]] = {}
    for rule, places in rules.items():
        limit = _BY_CHANCE if places is drawn else _EACH
        found[rule] = [int(place) for place in places if int(place) not in shown][:limit]
        shown.update(found[rule])
    return found


def _highest(values: np.ndarray) -> np.ndarray:
    """The places from the highest value to the lowest; of equal ones the first comes first."""
    return np.argsort(-values, kind="stable")


def _rows(result: DemoResult, places: Sequence[int]) -> list[list[Figure]]:
    images = result.examples.images[places]
    photos = images.repeat(_ENLARGE, 1).repeat(_ENLARGE, 2)
    true = _ENLARGE * result.examples.boxes[places]
    shown = {name: _overlaid(photos, true, result, name, places) for name in result.methods}
    rows = []
    for row, place in enumerate(places):
        label = result.class_names[result.examples.labels[place]]
        truth = draw_boxes(photos[row], true[row], _ANIMAL)
        truth = draw_boxes(truth, _ENLARGE * result.examples.part_boxes[place], _FACE)
        caption = f"{label}, test image {place}"
        cells = [Figure(truth, alt=f"A critter of the class {label}", caption=caption)]
        for name in result.methods:
            overlap = 100 * result.scores[name].overlaps[place]
            alt = f"{name} map of {label}"
            cells.append(Figure(shown[name][row], alt=alt, caption=f"{overlap:.0f} %"))
        rows.append(cells)
    return rows


def _overlaid(
    photos: np.ndarray, true: np.ndarray, result: DemoResult, name: str, places: Sequence[int]
) -> list[np.ndarray]:
    maps = result.maps[name][places]
    boxes = half_maximum_boxes(at_image_size(maps, result.examples.images.shape[1:3]))
    ids = np.zeros((len(maps), 1), np.int32)
    record = Localization(maps[:, None], ids, np.zeros((len(maps), 1)), photos.shape[1:3])
    drawn = []
    for picture, animal, box in zip(overlay(photos, record), true, boxes, strict=True):
        both = draw_boxes(picture[0], animal, _ANIMAL)
        drawn.append(draw_boxes(both, _ENLARGE * box, _FOUND))
    return drawn
