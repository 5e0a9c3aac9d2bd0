"""Localizing many pictures: boxes as JSON, CSV and COCO, overlays and a report."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tqdm

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.data.exif_orientation import UPRIGHT, stored_boxes, stored_size
from tfwsol.data.model_view import model_view
from tfwsol.evaluation.box_files import class_label
from tfwsol.evaluation.box_overlay import OverlayRow, box_overlay, overlay_name
from tfwsol.evaluation.box_record import OVERLAYS, REPORT, BoxRecord
from tfwsol.evaluation.box_report import write_box_report
from tfwsol.evaluation.found_boxes import found_boxes
from tfwsol.evaluation.localize_settings import PREDICTED, TRUE, LocalizeSettings
from tfwsol.evaluation.picture_source import Picture, PictureSource
from tfwsol.methods import CAM
from tfwsol.visualization import replacing


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
        run.go(source, known, batch_size)
        _finish(record, classifier, source, about, made or {})
    done = ["found" in entry for entry in record.images]
    return LocalizeSummary(
        sum(done[known:]),
        sum(done[:known]),
        {entry["image_id"]: entry["skipped"] for entry in record.images if "skipped" in entry},
        [entry["image_id"] for entry in record.images if _is_boxless(entry)],
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

    def go(self, source: PictureSource, start: int, batch_size: int) -> None:
        """Localizes the pictures from a place on."""
        total = len(source)
        size = min(batch_size, max(total - start, 1))
        pause = 0.2 if sys.stderr.isatty() else 10.0
        shown = {"initial": start, "mininterval": pause, "disable": total == 1}
        with tqdm.tqdm(None, "localizing", total, unit=" images", **shown) as bar:
            for place, batch in _batches(source.read(start), start, size):
                if place == start:
                    self._record.begin()
                self._record.add(self._entries(place, batch, size))
                bar.update(len(batch))

    def _given_ids(self) -> tuple[int, ...]:
        classes = self._settings.classes
        return () if isinstance(classes, str) else classes

    def _entries(self, start: int, batch: list[Picture], size: int) -> list[dict[str, Any]]:
        readable = [picture for picture in batch if picture.image is not None]
        found = iter(self._localized(readable, size) if readable else [])
        return [
            _skipped(picture)
            if picture.image is None
            else self._entry(place, picture, *next(found))
            for place, picture in enumerate(batch, start)
        ]

    def _localized(self, batch: list[Picture], size: int) -> Iterator[tuple[Any, ...]]:
        """Class ids, shares, maps and boxes of each picture."""
        views = [model_view(picture.image, self._classifier.image_size) for picture in batch]
        # A shorter last batch would be traced anew; fill it up and drop the rest.
        views += [views[-1]] * (size - len(batch))
        images = self._classifier.preprocess(np.stack(views))
        result = self._localizer.localize(images, self._asked(batch, size), self._settings.top_k)
        ids, maps = np.asarray(result.class_ids)[: len(batch)], np.asarray(result.maps)
        maps, shares = maps[: len(batch)], _shares(np.asarray(result.scores)[: len(batch)])
        sizes = [picture.image.shape[:2] for picture in batch]
        settings = self._settings
        boxes = found_boxes(maps, sizes, settings.rule, settings.threshold, settings.contours)
        return zip(ids, np.take_along_axis(shares, ids, axis=1), maps, boxes, strict=True)

    def _asked(self, batch: list[Picture], size: int) -> np.ndarray | None:
        classes = self._settings.classes
        if classes == PREDICTED:
            return None
        if classes == TRUE:
            labels = [picture.label for picture in batch]
            return np.array(labels + labels[-1:] * (size - len(batch)))
        return np.tile(classes, (size, 1))

    def _entry(
        self,
        place: int,
        picture: Picture,
        ids: np.ndarray,
        shares: np.ndarray,
        maps: np.ndarray,
        boxes: list[np.ndarray],
    ) -> dict[str, Any]:
        names, size = self._classifier.class_names, picture.image.shape[:2]
        labels = [class_label(int(k), names) for k in ids]
        height, width = stored_size(size, picture.orientation)
        entry: dict[str, Any] = {"image_id": picture.image_id, "height": height, "width": width}
        if picture.orientation != UPRIGHT:
            entry["orientation"] = picture.orientation
        if picture.label is not None:
            entry["label"] = picture.label
        if picture.state is not None:
            entry["state"] = picture.state
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
            entry["overlay"] = f"{OVERLAYS}/{overlay_name(place, picture.image_id)}"
            rows = [OverlayRow(*row) for row in zip(labels, shares, maps, boxes, strict=True)]
            drawn = box_overlay(picture.image, self._title(picture), rows, picture.true_boxes)
            # The usual PNG writer takes 15 times as long to save a tenth of the bytes.
            data = tf.io.encode_png(drawn, compression=1).numpy()
            with replacing(self._record.folder / entry["overlay"]) as draft:
                draft.write_bytes(data)
        return entry

    def _title(self, picture: Picture) -> str:
        name = PurePosixPath(picture.image_id).name
        if picture.label is None:
            return name
        return f"{name}, truly {class_label(picture.label, self._classifier.class_names)}"


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
    if all("skipped" in entry for entry in record.images):
        first = record.images[0]["skipped"]
        record.forget()
        raise ValueError(f"None of {len(source)} pictures can be read; the first: {first}")
    classes = range(int(classifier.model.output_shape[-1]))
    names = [class_label(k, classifier.class_names) for k in classes]
    lead = [f"Boxes that {classifier.name} finds in {source.words}.", *about]
    write_box_report(record.folder / REPORT, record, lead, made)
    record.finish(names, " ".join(lead), made)


def _batches(
    pictures: Iterator[Picture], start: int, size: int
) -> Iterator[tuple[int, list[Picture]]]:
    """Lists of pictures, each with the place of its first one."""
    while batch := list(itertools.islice(pictures, size)):
        yield start, batch
        start += len(batch)


def _skipped(picture: Picture) -> dict[str, Any]:
    return {"image_id": picture.image_id, "state": picture.state, "skipped": picture.why}


def _is_boxless(entry: Mapping[str, Any]) -> bool:
    return "found" in entry and not any(found["boxes"] for found in entry["found"])


def _shares(scores: np.ndarray) -> np.ndarray:
    """The softmax of the scores, float64."""
    scores = scores.astype(np.float64)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
