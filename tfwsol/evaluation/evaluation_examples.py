"""Pictures of the best, the worst and some random images of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from tfwsol.evaluation.map_batch import MapBatch, MapSource
from tfwsol.evaluation.one_pass import Evaluation
from tfwsol.evaluation.running_scores import scaled_maps
from tfwsol.evaluation.score import Score
from tfwsol.localization import Localization
from tfwsol.visualization import Figure, Table, class_name, draw_boxes, overlay

_SIDE = 224
_SMALL = 160
_IN_A_ROW = 3
_GAP = 6
_GREY = 128
_PREDICTED, _TRUE = "#ff3b30", "#35c24a"
_COLORMAP, _ALPHA = "viridis", 0.5


def example_tables(
    evaluation: Evaluation,
    source: MapSource,
    titles: dict[str, str],
    explained_names: Sequence[str] | None = None,
) -> list[Table]:
    """One table of pictures per method: the images it fits best, worst, and some by chance.

    Args:
        evaluation: What came out.
        source: Where the maps came from; the few images are looked at once more.
        titles: What the methods are called.
        explained_names: Words for the classes that the maps were asked for.
    """
    running = evaluation.running
    places = {
        name: running.choices[name].places(score.shown_threshold())
        for name, score in running.shown.items()
    }
    wanted = {p for kinds in places.values() for found in kinds.values() for p in found}
    batches = {int(batch.places[0]): batch for batch in source.at(wanted)}
    return [
        _table(running.shown[name], places[name], batches, source, titles, explained_names)
        for name in places
    ]


def _table(
    score: Score,
    places: dict[str, list[int]],
    batches: dict[int, MapBatch],
    source: MapSource,
    titles: dict[str, str],
    explained_names: Sequence[str] | None,
) -> Table:
    rows = []
    for kind, found in places.items():
        shown = [batches[place] for place in found if place in batches]
        pictures = [
            _pair(score, batch, source.class_names, explained_names)
            for batch in shown
            if _has_truth(batch, score)
        ]
        for first in range(0, len(pictures), _IN_A_ROW):
            cells = pictures[first : first + _IN_A_ROW]
            rows.append([kind, *cells, *[None] * (_IN_A_ROW - len(cells))])
    caption = (
        f"{titles[score.method]} under {score.words}, at the threshold "
        f"{score.shown_threshold():.3g}, the best one on these images."
    )
    return Table(["", *["Image and map"] * _IN_A_ROW], rows, caption)


def _has_truth(batch: MapBatch, score: Score) -> bool:
    return score.protocol.truth == "masks" or len(batch.boxes[0]) > 0


def _pair(
    score: Score,
    batch: MapBatch,
    class_names: Sequence[str] | None,
    explained_names: Sequence[str] | None,
) -> Figure:
    view = score.protocol.view
    picture = _picture(batch, view)
    maps = scaled_maps(batch, score.method, score.protocol)
    box, fit = score.shown_box(batch, maps)
    record = Localization(maps[:, None], np.zeros((1, 1), int), np.zeros((1, 1)), (_SIDE, _SIDE))
    heat = overlay([picture], record, _COLORMAP, _ALPHA)[0][0]
    zoom = len(picture) / _SIDE
    label = class_name(int(batch.labels[0]), class_names)
    words = label
    if batch.class_ids is not None and explained_names is not None:
        asked = class_name(int(batch.class_ids[0]), explained_names)
        words = label if asked == label else f"{label}; map of: {asked}"
    if score.protocol.truth == "masks":
        truth = _tinted(picture, batch.masks[0])
    else:
        true_boxes = zoom * score.true_boxes(batch)
        truth = draw_boxes(picture, true_boxes, _TRUE)
        heat = draw_boxes(draw_boxes(heat, true_boxes, _TRUE), zoom * box[None], _PREDICTED)
    name = batch.image_ids[0]
    gap = np.full((len(truth), _GAP, 3), 255, np.uint8)
    both = np.concatenate([truth, gap, heat], axis=1)
    caption = f"{words}: {100 * fit:.0f} % ({PurePosixPath(name).name})"
    return Figure(both, alt=f"{name}, {label}, and its map", caption=caption)


def _picture(batch: MapBatch, view: str) -> np.ndarray:
    if view not in batch.pictures:
        return np.full((_SIDE, _SIDE, 3), _GREY, np.uint8)
    picture = np.rint(batch.pictures[view][0]).clip(0, 255).astype(np.uint8)
    times = -(-_SMALL // len(picture))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def _tinted(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The picture with its objects in green."""
    rows, columns = (np.arange(side) * _SIDE // side for side in picture.shape[:2])
    inside = mask[rows][:, columns] == 1
    green = (picture // 2 + np.array([20, 90, 30], np.uint8)).astype(np.uint8)
    return np.where(inside[..., None], green, picture)
