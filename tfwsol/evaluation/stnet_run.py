"""One pass of pictures through STNet, with all that is kept of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.boxes import class_hypothesis_maps
from tfwsol.data.exif_orientation import stored_boxes
from tfwsol.data.views import ShortSide, see
from tfwsol.evaluation.box_files import class_label
from tfwsol.evaluation.box_record import BoxRecord
from tfwsol.evaluation.box_run import (
    asked_classes,
    class_shares,
    filled,
    picture_entry,
    picture_title,
    write_overlay,
)
from tfwsol.evaluation.picture_source import Picture
from tfwsol.evaluation.stnet_boxes import (
    in_picture,
    overlaps,
    proposals,
    proposals_beside,
    truth_in_view,
)
from tfwsol.evaluation.stnet_settings import STNetSettings
from tfwsol.evaluation.stnet_sheet import HypothesisRow, stnet_sheet
from tfwsol.methods.explainer_names import build_explainer


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What was found in one picture; the first axis of the arrays is that of its classes."""

    view: np.ndarray
    region: np.ndarray
    truth: np.ndarray | None
    predicted: int
    ids: np.ndarray
    shares: np.ndarray
    boxes: np.ndarray
    is_box: np.ndarray
    overlaps: list[float | None]
    maps: np.ndarray
    beside: dict[str, float | None]


class STNetRun:
    """Shows a batch of pictures to STNet and describes what it finds, for `fill_record`.

    Args:
        classifier: The model.
        settings: What is asked.
        record: Where everything goes.
        drawn: Draw the first so many.

    Raises:
        ValueError: The settings do not fit the model.
    """

    def __init__(
        self,
        classifier: TrainedClassifier,
        settings: STNetSettings,
        record: BoxRecord,
        drawn: int,
    ) -> None:
        self._classifier, self._settings, self._record = classifier, settings, record
        self._drawn = drawn
        height, width = classifier.image_size
        if height != width:
            raise ValueError(
                f"STNet's view is square, but this model takes {height} × {width} pixels; build "
                "it for a square input (--image_size=224)."
            )
        self._view = ShortSide(height, height)
        self._explainer = settings.explainer(classifier.model)
        grids = settings.grids(self._explainer)
        if grids is None:
            raise ValueError(
                f"It is not known which pixels the cells of {settings.stop_layer} see; name "
                "another layer to stop at."
            )
        self._grids = grids
        self._beside = {name: build_explainer(name, classifier.model) for name in settings.beside}

    def find(self, batch: list[Picture], size: int) -> Iterator[_Seen]:
        """What STNet finds in each picture of a batch that is filled up to a size.

        Raises:
            ValueError: Boxes are to be scored, and the data has none.
        """
        if self._settings.mode == "bbox_eval" and any(p.true_boxes is None for p in batch):
            raise ValueError(
                "bbox_eval needs true boxes, and the data has none; for your own pictures name "
                "them by --boxes, or take --mode=bbox_viz."
            )
        return self._seen(batch, size)

    def _seen(self, batch: list[Picture], size: int) -> Iterator[_Seen]:
        side, settings = self._view.crop, self._settings
        found = [see(self._view, {"image": tf.constant(picture.image)}) for picture in batch]
        views = [one["image"].numpy() for one in found]
        images = self._classifier.preprocess(filled(views, size))
        asked = asked_classes(settings.classes, batch, size)
        result = self._explainer.localize(images, asked, settings.top_k)
        count = len(batch)
        truths = [_truth(picture, side) for picture in batch]
        beside = self._overlaps_beside(images, result.class_ids, truths)
        ids, maps = np.asarray(result.class_ids)[:count], np.asarray(result.maps)[:count]
        gates = np.asarray(result.details["gates"])[:count] if "gates" in result.details else maps
        gates = gates.reshape(-1, *maps.shape[2:], *(gates.shape[4:] or (1,)))
        rule, level = settings.rule, settings.threshold
        boxes, is_box = proposals(gates, settings.collapse, rule, level, self._grids, side)
        classes = ids.shape[1]
        best = overlaps(boxes, [truth for truth in truths for _ in range(classes)])
        scores = np.asarray(result.scores)[:count]
        shares = class_shares(scores, ids)
        for row, (view, one) in enumerate(zip(views, found, strict=True)):
            own = slice(row * classes, (row + 1) * classes)
            yield _Seen(
                view,
                one["region"].numpy(),
                truths[row],
                int(scores[row].argmax()),
                ids[row],
                shares[row],
                boxes[own],
                is_box[own],
                best[own],
                maps[row],
                {name: known[row] for name, known in beside.items()},
            )

    def _overlaps_beside(
        self, images: Any, class_ids: Any, truths: list[np.ndarray | None]
    ) -> dict[str, list[float | None]]:
        """By other method, the overlap of its box of the same class in each picture."""
        rule, level, side = self._settings.rule, self._settings.threshold, self._view.crop
        found = {}
        for name, explainer in self._beside.items():
            maps = np.asarray(explainer.localize(images, class_ids).maps)[: len(truths), 0]
            found[name] = overlaps(proposals_beside(maps, rule, level, side), truths)
        return found

    def describe(self, place: int, picture: Picture, seen: _Seen) -> dict[str, Any]:
        """The entry of a picture in the record; the first ones are drawn."""
        size, entry = picture.image.shape[:2], picture_entry(picture)
        entry |= {"rule": "stnet", "threshold": self._settings.threshold}
        entry |= {"view": np.round(seen.region, 2).tolist(), "predicted": seen.predicted}
        names, side = self._classifier.class_names, self._view.crop
        own = [in_picture(box, seen.region, side)[None] for box in seen.boxes]
        stored = [stored_boxes(box, size, picture.orientation).round(2).tolist() for box in own]
        entry["found"] = [
            {
                "class_id": int(k),
                "class_name": class_label(int(k), names),
                "score": round(float(share), 6),
                "boxes": boxes if is_box else [],
                "box_in_view": box.tolist(),
                "iou": overlap,
            }
            for k, share, boxes, is_box, box, overlap in zip(
                seen.ids, seen.shares, stored, seen.is_box, seen.boxes, seen.overlaps, strict=True
            )
        ]
        if seen.beside:
            entry["beside"] = seen.beside
        if place < self._drawn:
            drawn = self._sheet(picture, seen, entry["found"])
            entry["overlay"] = write_overlay(self._record, place, picture.image_id, drawn)
        return entry

    def _sheet(
        self, picture: Picture, seen: _Seen, found: Sequence[Mapping[str, Any]]
    ) -> np.ndarray:
        settings, side = self._settings, self._view.crop
        shown = class_hypothesis_maps(
            seen.maps, self._grids, (side, side), settings.rule, settings.threshold
        )
        hypotheses = settings.mode == "ch_viz"
        boxes = [
            box if is_box and not hypotheses else None
            for box, is_box in zip(seen.boxes, seen.is_box, strict=True)
        ]
        rows = [
            HypothesisRow(_caption(one), hypothesis, box)
            for one, hypothesis, box in zip(found, shown, boxes, strict=True)
        ]
        title = picture_title(picture, self._classifier.class_names)
        return stnet_sheet(seen.view, title, rows, seen.truth, hypotheses)


def _truth(picture: Picture, side: int) -> np.ndarray | None:
    if picture.true_boxes is None or not len(picture.true_boxes):
        return None
    return truth_in_view(picture.true_boxes, picture.image.shape[:2], side)


def _caption(found: Mapping[str, Any]) -> str:
    words = f"{found['class_name']}, {100 * found['score']:.1f} %"
    if not found["boxes"]:
        words += ", no gates"
    return words if found["iou"] is None else f"{words}, overlap {found['iou']:.2f}"
