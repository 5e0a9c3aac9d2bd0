"""Localizing many pictures: boxes as JSON, CSV and COCO, overlays and a report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.data.exif_orientation import stored_boxes
from tfwsol.data.model_view import model_view
from tfwsol.evaluation.box_files import class_label
from tfwsol.evaluation.box_overlay import OverlayRow, box_overlay
from tfwsol.evaluation.box_record import REPORT, BoxRecord
from tfwsol.evaluation.box_report import write_box_report
from tfwsol.evaluation.box_run import (
    asked_classes,
    class_shares,
    fill_record,
    filled,
    picture_entry,
    picture_title,
    write_overlay,
)
from tfwsol.evaluation.found_boxes import found_boxes
from tfwsol.evaluation.localize_settings import TRUE, LocalizeSettings
from tfwsol.evaluation.picture_source import Picture, PictureSource
from tfwsol.methods import CAM


@dataclasses.dataclass(frozen=True)
class LocalizeSummary:
    """What a run did.

    Attributes:
        localized: Pictures localized now.
        known: Pictures that an earlier run with the same settings had localized.
        skipped: Why pictures could not be read, by name.
        boxless: Names of pictures without any box.
        about: Plain sentences about the model and the rule.
        folder: Where everything lies.
    """

    localized: int
    known: int
    skipped: dict[str, str]
    boxless: list[str]
    about: list[str]
    folder: Path


def localize_pictures(
    source: PictureSource,
    load: Callable[[], TrainedClassifier],
    settings: LocalizeSettings,
    output_dir: Path,
    identity: Mapping[str, Any] | None = None,
    batch_size: int = 32,
    overlays: int | None = None,
    skip_corrupt: bool = False,
    made: Mapping[str, Any] | None = None,
) -> LocalizeSummary:
    """Localizes pictures in batches and writes everything into one folder.

    ``boxes.json``, ``boxes.csv``, ``coco.json``, ``report.html`` and, in ``overlays``, one PNG for
    each picture. Corners are in pixels of the file. A run that is cut short goes on where it
    stopped; a finished one is not repeated, and does not even load the model.

    Args:
        source: The pictures.
        load: Gives the model, a localizer of `tfwsol.methods` or any classifier that `CAM`
            explains; called only if there is anything to do.
        settings: Which boxes are wanted.
        output_dir: Made if missing.
        identity: What decides which model it is, for JSON.
        batch_size: Pictures localized together.
        overlays: Draw the first so many; None: all.
        skip_corrupt: Whether pictures that could not be read before stay skipped.
        made: How the run was started, for the record.

    Raises:
        ValueError: The settings do not fit the model or the source, no picture can be read, or
            the folder cannot be used.
    """
    if settings.classes == TRUE and not source.has_labels:
        raise ValueError(
            "Photographs have no true classes; take --classes=predicted or ids such as "
            "--classes=3,17, or name a data set."
        )
    asked = {**settings.identity(), **source.identity(), "model": dict(identity or {})}
    record = BoxRecord(output_dir, asked)
    overlays = len(source) if overlays is None else overlays
    known = record.keep(source, overlays, skip_corrupt)
    # The model can be named only where it is loaded.
    about = [settings.sentence()]
    if not record.finished(len(source)):
        classifier = load()
        run = _Run(classifier, settings, record, overlays)
        fill_record(record, source, len(source), batch_size, run.find, run.describe)
        _finish(record, classifier, source, about, made or {})
    done = ["found" in entry for entry in record.images]
    return LocalizeSummary(
        sum(done[known:]),
        sum(done[:known]),
        record.skipped,
        record.boxless,
        about,
        output_dir,
    )


class _Run:
    def __init__(
        self,
        classifier: TrainedClassifier,
        settings: LocalizeSettings,
        record: BoxRecord,
        overlays: int,
    ) -> None:
        self._classifier, self._settings, self._record = classifier, settings, record
        model = classifier.model
        self._localizer = model if hasattr(model, "localize") else _explained(model)
        self._overlays = overlays
        classes = int(model.output_shape[-1])
        wrong = [k for k in self._given_ids() if not 0 <= k < classes]
        if wrong or settings.top_k > classes:
            raise ValueError(
                f"The model has {classes} classes, 0 to {classes - 1}, but "
                f"{f'class {wrong[0]}' if wrong else f'--top_k={settings.top_k}'} was asked for."
            )

    def _given_ids(self) -> tuple[int, ...]:
        classes = self._settings.classes
        return () if isinstance(classes, str) else classes

    def find(self, batch: list[Picture], size: int) -> Iterator[tuple[Any, ...]]:
        """Class ids, shares, maps and boxes of each picture of a batch to be filled up."""
        views = [model_view(picture.image, self._classifier.image_size) for picture in batch]
        images = self._classifier.preprocess(filled(views, size))
        settings, count = self._settings, len(batch)
        asked = asked_classes(settings.classes, batch, size)
        result = self._localizer.localize(images, asked, settings.top_k)
        ids, maps = np.asarray(result.class_ids)[:count], np.asarray(result.maps)[:count]
        shares = class_shares(np.asarray(result.scores)[:count], ids)
        sizes = [picture.image.shape[:2] for picture in batch]
        boxes = found_boxes(maps, sizes, settings.rule, settings.threshold, settings.contours)
        return zip(ids, shares, maps, boxes, strict=True)

    def describe(self, place: int, picture: Picture, found: tuple[Any, ...]) -> dict[str, Any]:
        """The entry of a picture in the record; the first ones are drawn."""
        ids, shares, maps, boxes = found
        names, size = self._classifier.class_names, picture.image.shape[:2]
        labels = [class_label(int(k), names) for k in ids]
        entry = picture_entry(picture)
        entry |= {"rule": self._settings.rule, "threshold": self._settings.threshold}
        entry["found"] = [
            {
                "class_id": int(k),
                "class_name": label,
                "score": round(float(share), 6),
                "boxes": stored_boxes(one, size, picture.orientation).round(2).tolist(),
            }
            for k, label, share, one in zip(ids, labels, shares, boxes, strict=True)
        ]
        if place < self._overlays:
            rows = [OverlayRow(*row) for row in zip(labels, shares, maps, boxes, strict=True)]
            title = picture_title(picture, names)
            drawn = box_overlay(picture.image, title, rows, picture.true_boxes)
            entry["overlay"] = write_overlay(self._record, place, picture.image_id, drawn)
        return entry


def _explained(model: keras.Model) -> CAM:
    try:
        return CAM(model)
    except ValueError as error:
        raise ValueError(
            f"{error} scripts/l2caf_visualize.py has these methods and shows their boxes."
        ) from error


def _finish(
    record: BoxRecord,
    classifier: TrainedClassifier,
    source: PictureSource,
    about: Sequence[str],
    made: Mapping[str, Any],
) -> None:
    classes = range(int(classifier.model.output_shape[-1]))
    names = [class_label(k, classifier.class_names) for k in classes]
    lead = [f"Boxes that {classifier.name} finds in {source.words}.", *about]
    write_box_report(record.folder / REPORT, record, lead, made)
    record.finish(names, " ".join(lead), made)
