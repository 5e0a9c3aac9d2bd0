"""Explaining a folder of photographs: pictures, a JSON of what was found, and a report."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tqdm

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.boxes import of as boxes_of
from tfwsol.data.model_view import model_view
from tfwsol.data.photograph import PhotographError, read_image
from tfwsol.evaluation.explanation_record import ExplanationRecord
from tfwsol.evaluation.explanation_report import write_explanation_report
from tfwsol.evaluation.explanation_settings import ExplanationSettings
from tfwsol.evaluation.shared_sights import SharedSights
from tfwsol.evaluation.stnet_hypotheses import comparable_maps
from tfwsol.localization import Localization
from tfwsol.methods.explainer import CLASS_OBLIVIOUS, Explainer, Sight
from tfwsol.visualization import (
    class_name,
    convergence_gif,
    draw_boxes,
    overlay,
    write_png,
)

_FILM = "film of"
_FILM_EVERY = 50
_PREDICTIONS = 5


@dataclasses.dataclass(frozen=True)
class ExplanationSummary:
    """What a run did.

    Attributes:
        explained: Photographs explained now.
        known: Photographs that an earlier run with the same settings had explained.
        skipped: Unreadable photographs and why, by path.
        report: The HTML page.
    """

    explained: int
    known: int
    skipped: dict[str, str]
    report: pathlib.Path


def explain_photographs(
    paths: Sequence[pathlib.Path],
    load: Callable[[], TrainedClassifier],
    settings: ExplanationSettings,
    output_dir: pathlib.Path,
    identity: dict[str, Any] | None = None,
    batch_size: int = 8,
    on_unreadable: str = "skip",
) -> ExplanationSummary:
    """Explains photographs in batches and writes everything into one folder.

    Every photograph gets one PNG per method and class at its own size, and with `settings.gif` one
    GIF per class; `results.json` and `report.html` cover all. A run that is cut short goes on
    where it stopped; a finished one is not repeated, and does not even load the model.

    Args:
        paths: Image files.
        load: Gives the classifier; called only if there is anything to do.
        settings: What to ask.
        output_dir: Made if missing.
        identity: What else decides the outcome (the model's name, its weights), for JSON.
        batch_size: Photographs explained together.
        on_unreadable: "skip": name and count unreadable photographs. "fail": stop at the first.

    Raises:
        PhotographError: If a photograph cannot be read and `on_unreadable` is "fail", or none can.
        ValueError: If the settings do not fit the model.
    """
    record = ExplanationRecord(output_dir, {**dataclasses.asdict(settings), **(identity or {})})
    pending = [path for path in paths if not record.has(path)]
    known, skipped = len(paths) - len(pending), {}
    if pending:
        run = _Run(load(), settings, record)
        readable = _read_all(pending, on_unreadable, skipped)
        for batch in _batches(readable, min(batch_size, len(pending))):
            run.explain(batch, min(batch_size, len(pending)))
        if not known and len(skipped) == len(pending):
            raise PhotographError(
                f"None of {len(pending)} photographs can be read; the first: "
                f"{next(iter(skipped.values()))}"
            )
    report = output_dir / "report.html"
    if pending or not report.exists():
        record.finish(paths, skipped)
        write_explanation_report(report, record)
    return ExplanationSummary(len(pending) - len(skipped), known, skipped, report)


@dataclasses.dataclass(frozen=True)
class _Photograph:
    path: pathlib.Path
    image: np.ndarray


class _Run:
    def __init__(
        self, classifier: TrainedClassifier, settings: ExplanationSettings, record: Any
    ) -> None:
        self._classifier, self._settings, self._record = classifier, settings, record
        self._explainers = settings.explainers(classifier.model)
        self._filmed = settings.filmed(classifier.model, _FILM_EVERY) if settings.gif else None
        films = {} if self._filmed is None else {_FILM: self._filmed}
        self._see = SharedSights({**self._explainers, **films})
        self._stems: dict[str, pathlib.Path] = {}

    def explain(self, batch: list[_Photograph], size: int) -> None:
        views = [model_view(photo.image, self._classifier.image_size) for photo in batch]
        # A shorter last batch would be traced anew; fill it up and drop the rest.
        views += [views[-1]] * (size - len(batch))
        images = self._classifier.preprocess(np.stack(views))
        seen, count = self._see(images), len(batch)
        found = {name: self._ask(e, seen[name], count) for name, e in self._explainers.items()}
        film = self._ask(self._filmed, seen[_FILM], count) if self._filmed else None
        pictures = {
            name: overlay(
                [photo.image for photo in batch],
                result,
                self._settings.colormap,
                self._settings.alpha,
                symmetric=self._settings.sign == "signed" and name == "l2caf",
            )
            for name, result in found.items()
        }
        boxes = {name: self._boxes(batch, result) for name, result in found.items()}
        for row, photo in enumerate(batch):
            maps = [
                self._write_map(
                    photo, name, result, row, k, pictures[name][row][k], boxes[name][row, k]
                )
                for name, result in found.items()
                for k in range(result.maps.shape[1])
            ]
            films = [] if film is None else self._write_films(photo, film, row)
            scores = next(iter(found.values())).scores[row]
            self._record.add(photo.path, photo.image.shape, self._predictions(scores), maps, films)
        self._record.save()

    def _ask(self, explainer: Explainer, sight: Sight, count: int) -> Localization:
        settings = self._settings
        ids = None
        if settings.class_ids and explainer.needs_classifier:
            ids = np.tile(settings.class_ids, (len(sight.logits), 1))
        result = explainer.explain(sight, ids, settings.top_k)
        return dataclasses.replace(
            result,
            maps=comparable_maps(explainer, np.asarray(result.maps)[:count], sight.image_size),
            class_ids=np.asarray(result.class_ids)[:count],
            scores=np.asarray(result.scores)[:count],
            details={name: np.asarray(value)[:count] for name, value in result.details.items()},
        )

    def _boxes(self, batch: list[_Photograph], result: Localization) -> np.ndarray:
        """The box of every map in pixels of its photograph, photographs × classes × 4."""
        whole = [(0, 0, photo.image.shape[1], photo.image.shape[0]) for photo in batch]
        seen = dataclasses.replace(result, regions=np.array(whole, np.float32))
        return boxes_of(seen, "wsoleval", self._settings.box_threshold)

    def _write_map(
        self,
        photo: _Photograph,
        method: str,
        result: Localization,
        row: int,
        k: int,
        picture: np.ndarray,
        box: np.ndarray,
    ) -> dict[str, Any]:
        class_id = int(result.class_ids[row, k])
        name = self._file_name(photo, method, class_id, "png")
        write_png(self._record.folder / name, draw_boxes(picture, box[None]))
        return {
            "method": method,
            **self._named(class_id),
            "score": None if class_id == CLASS_OBLIVIOUS else float(result.scores[row, class_id]),
            **{key: values[row, k].item() for key, values in result.details.items()},
            "box": [round(float(corner), 2) for corner in box],
            "picture": name,
        }

    def _write_films(self, photo: _Photograph, film: Localization, row: int) -> list[dict]:
        written = []
        for k, class_id in enumerate(film.class_ids[row]):
            name = self._file_name(photo, "film", int(class_id), "gif")
            # Rows that stopped early rest while the others go on; a resting film bores.
            length = int(film.details["iterations"][row, k]) // _FILM_EVERY + 1
            frames = film.details["film"][row, k][:length]
            convergence_gif(
                self._record.folder / name,
                photo.image,
                frames,
                iterations=[_FILM_EVERY * i for i in range(len(frames))],
                losses=film.details["film_loss"][row, k][: len(frames)],
                colormap=self._settings.colormap,
            )
            written.append({**self._named(int(class_id)), "frames": len(frames), "picture": name})
        return written

    def _predictions(self, scores: np.ndarray) -> list[dict[str, Any]]:
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        best = np.argsort(-scores, kind="stable")[:_PREDICTIONS]
        return [
            {**self._named(int(k)), "score": float(scores[k]), "probability": float(shares[k])}
            for k in best
        ]

    def _named(self, class_id: int) -> dict[str, Any]:
        names = self._classifier.class_names
        return {"class_id": class_id, "class_name": class_name(class_id, names)}

    def _file_name(self, photo: _Photograph, method: str, class_id: int, suffix: str) -> str:
        stem = photo.path.stem
        # Folders may hold cat.jpg and cat.png.
        if self._stems.setdefault(stem, photo.path) != photo.path:
            stem = photo.path.name.replace(".", "_")
        label = re.sub(r"[^\w-]+", "_", self._named(class_id)["class_name"]).strip("_")
        number = "" if class_id == CLASS_OBLIVIOUS else f"_{class_id}"
        return f"{stem}_{method}{number}_{label}.{suffix}"


def _read_all(
    paths: Sequence[pathlib.Path], on_unreadable: str, skipped: dict[str, str]
) -> Iterator[_Photograph]:
    for path in tqdm.tqdm(paths, desc="explaining", unit="image", disable=len(paths) == 1):
        try:
            yield _Photograph(path, read_image(path))
        except PhotographError as error:
            if on_unreadable == "fail" or len(paths) == 1:
                raise
            skipped[str(path)] = str(error)


def _batches(photographs: Iterator[_Photograph], size: int) -> Iterator[list[_Photograph]]:
    batch = []
    for photograph in photographs:
        batch.append(photograph)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
