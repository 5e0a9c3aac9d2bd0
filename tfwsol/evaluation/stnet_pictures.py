"""STNet on many pictures: proposals as JSON, CSV and COCO, their score, drawings and a report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.evaluation.box_files import class_label
from tfwsol.evaluation.box_record import REPORT, BoxRecord
from tfwsol.evaluation.box_run import fill_record
from tfwsol.evaluation.localize_settings import TRUE
from tfwsol.evaluation.picture_source import PictureSource
from tfwsol.evaluation.stnet_report import write_stnet_report
from tfwsol.evaluation.stnet_run import STNetRun
from tfwsol.evaluation.stnet_settings import STNetSettings
from tfwsol.evaluation.stnet_table import (
    STNetNumber,
    published_rows,
    stnet_numbers,
    table_text,
)
from tfwsol.methods.explainer_names import TITLES
from tfwsol.visualization import write_json

METRICS = "metrics.json"


@dataclasses.dataclass(frozen=True)
class STNetSummary:
    """What a run did.

    Attributes:
        done: Pictures worked on now.
        known: Pictures that an earlier run with the same settings had worked on.
        skipped: Why pictures could not be read, by name.
        boxless: Names of pictures whose gates were all dropped.
        about: Plain sentences about model, data and settings.
        table: The published table with what was measured; empty but for "bbox_eval".
        folder: Where everything lies.
    """

    done: int
    known: int
    skipped: dict[str, str]
    boxless: list[str]
    about: list[str]
    table: str
    folder: Path


def stnet_pictures(
    source: PictureSource,
    load: Callable[[], TrainedClassifier],
    settings: STNetSettings,
    output_dir: Path,
    identity: Mapping[str, Any] | None = None,
    batch_size: int = 32,
    drawn: int | None = None,
    skip_corrupt: bool = False,
    limit: int = 0,
    made: Mapping[str, Any] | None = None,
) -> STNetSummary:
    """Asks STNet about pictures in batches and writes everything into one folder.

    The model sees the central square of each picture, its short side brought to the model's
    input, as Biparva and Tsotsos have it. ``boxes.json``, ``boxes.csv`` and ``coco.json`` hold the
    proposals in pixels of the file; ``overlays`` the drawings; ``report.html`` all of it, and of
    "bbox_eval" ``metrics.json`` the numbers. A run that is cut short goes on where it stopped; a
    finished one is not repeated, and does not even load the model.

    Args:
        source: The pictures.
        load: Gives the classifier; called only if there is anything to do.
        settings: What is asked.
        output_dir: Made if missing.
        identity: What decides which model it is, for JSON; its ``model`` is the model's name.
        batch_size: Pictures that go through the model together.
        drawn: Draw the first so many; None: all.
        skip_corrupt: Whether pictures that could not be read before stay skipped.
        limit: Take the first so many pictures; 0: all.
        made: How the run was started, for the record.

    Raises:
        ValueError: The settings do not fit the model or the source, no picture can be read or has
            a true box, or the folder cannot be used.
    """
    _check_labels(source, settings)
    total = min(limit or len(source), len(source))
    model = dict(identity or {})
    asked = {**settings.identity(), **source.identity(), "limit": limit, "model": model}
    record = BoxRecord(output_dir, asked)
    drawn = total if drawn is None else drawn
    known = record.keep(source, drawn, skip_corrupt)
    name = _name(model.get("model", "the model"))
    about = [f"{total} of {source.words}, as {name} sees them.", settings.sentence()]
    scored = settings.mode == "bbox_eval"
    if not record.finished(total) or (scored and not (output_dir / METRICS).is_file()):
        classifier = load()
        _check_classes(source, settings, int(classifier.model.output_shape[-1]))
        run = STNetRun(classifier, settings, record, drawn)
        fill_record(record, source, total, batch_size, run.find, run.describe)
        _finish(record, classifier, settings, about, name, made or {})
    done = ["found" in entry for entry in record.images]
    return STNetSummary(
        sum(done[known:]),
        sum(done[:known]),
        record.skipped,
        record.boxless,
        about,
        table_text(_rows(record, settings, name)) if scored else "",
        output_dir,
    )


def _check_labels(source: PictureSource, settings: STNetSettings) -> None:
    if settings.mode == "bbox_eval" and not source.has_labels:
        raise ValueError(
            "bbox_eval needs true boxes, and photographs have none; take --mode=bbox_viz, or name "
            "a data set, for your own pictures --dataset=folder with --source and --boxes."
        )
    if settings.classes == TRUE and not source.has_labels:
        raise ValueError(
            "Photographs have no true classes; take --stnet_classes=predicted or ids such as "
            "--stnet_classes=3,17, or name a data set."
        )


def _check_classes(source: PictureSource, settings: STNetSettings, count: int) -> None:
    """Refuses labels that cannot be the model's classes; mere numbers may leave the last out."""
    names = list(getattr(source, "class_names", ()))
    only_numbers = all(name.isdecimal() for name in names)
    if not names or len(names) == count or (only_numbers and len(names) < count):
        return
    if settings.mode == "bbox_eval" or settings.classes == TRUE:
        raise ValueError(
            f"The data has {len(names)} classes ({', '.join(names[:2])}, ...), but the model has "
            f"{count}; use a model of these classes, or --mode=bbox_viz with "
            "--stnet_classes=predicted."
        )


def _name(model: Any) -> str:
    """The name of a model, which may be a file with its state."""
    return str(model) if isinstance(model, str) else Path(model[0]).name


def _finish(
    record: BoxRecord,
    classifier: TrainedClassifier,
    settings: STNetSettings,
    about: Sequence[str],
    name: str,
    made: Mapping[str, Any],
) -> None:
    numbers, rows = [], []
    if settings.mode == "bbox_eval":
        numbers = stnet_numbers(record.images)
        rows = _rows(record, settings, name)
        content = {"settings": record.settings, "numbers": _plain(numbers), "made": dict(made)}
        if settings.beside:
            others = {other: stnet_numbers(record.images, other) for other in settings.beside}
            content["beside"] = {other: _plain(found) for other, found in others.items()}
        write_json(record.folder / METRICS, content)
    write_stnet_report(record.folder / REPORT, record, about, numbers, rows, made)
    classes = range(int(classifier.model.output_shape[-1]))
    names = [class_label(k, classifier.class_names) for k in classes]
    record.finish(names, " ".join(about), made)


def _rows(record: BoxRecord, settings: STNetSettings, name: str) -> list[list[str]]:
    images = record.images
    beside = {TITLES[other]: stnet_numbers(images, other) for other in settings.beside}
    return published_rows(name, stnet_numbers(images), beside)


def _plain(numbers: Sequence[STNetNumber]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(number) for number in numbers]
