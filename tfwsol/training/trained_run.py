"""A training run as whoever uses its model meets it: rebuilt from what the directory records."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.evaluation.protocols import PROTOCOLS
from tfwsol.training.localization_score import THRESHOLD
from tfwsol.training.training_job import TrainingJob, preprocessing
from tfwsol.training.training_options import TrainingOptions
from tfwsol.training.training_run import BEST, LAST, METRICS, OPTIONS, RunError

_OF_THE_MODEL = ("method", "backbone", "dataset", "method_options", "backbone_options", "weights")
_OF_THE_MODEL += ("preprocess", "num_classes", "data_options", "resize", "image_size")


@dataclasses.dataclass(frozen=True)
class RecordedThreshold:
    """The threshold that a run found best; plain data.

    Attributes:
        rule: The preset of `tfwsol.boxes` that it belongs to.
        value: The threshold.
        words: Who chose it and on what.
    """

    rule: str
    value: float
    words: str


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """What the directory of a run says about its model; plain data.

    Attributes:
        folder: The directory.
        job: What was trained, as far as the model depends on it.
        options: How.
        weights: The chosen file of weights.
        chosen: Which epoch these are of, and why, in words.
        class_names: Names of the labels; the model may have more classes. None: the run is older
            than their record.
        thresholds: Those that it records, that of its first protocol first.
        shapes: Of the weights.
    """

    folder: Path
    job: TrainingJob
    options: TrainingOptions
    weights: Path
    chosen: str
    class_names: Sequence[str] | None
    thresholds: Sequence[RecordedThreshold]
    shapes: Sequence[Sequence[int]]

    def load(self, class_names: Sequence[str] | None = None) -> TrainedClassifier:
        """The localizer with the chosen weights, and how to feed it.

        Args:
            class_names: Other names than those of the record, one for each class.

        Raises:
            RunError: The weights are not those of the model that the record describes, or there
                are more or fewer such names than classes.
            ValueError: The record describes no model that this version of tfwsol has.
        """
        model = self._rebuilt()
        try:
            model.load_weights(self.weights)
        except (ValueError, OSError, KeyError) as error:
            raise RunError(
                f"{self.weights} does not hold the weights of the model that {OPTIONS} beside it "
                f"describes ({' '.join(str(error).split())[:160]}); name another run."
            ) from error
        if class_names is not None and len(class_names) != model.num_classes:
            raise RunError(
                f"The model of {self.folder} has {model.num_classes} classes, but "
                f"{len(class_names)} names came; give one for each."
            )
        side, scale = self.job.image_size, preprocessing(self.job)
        return TrainedClassifier(
            model,
            str(self.weights),
            scale or (lambda images: images),
            self.job.preprocess,
            (side, side),
            self.class_names if class_names is None else class_names,
        )

    def identity(self) -> dict[str, Any]:
        """What decides which model this is, without building it; JSON."""
        state = self.weights.stat()
        file = [str(self.weights.resolve()), state.st_size, state.st_mtime_ns]
        return {"run": str(self.folder.resolve()), "weights": file, "chosen": self.chosen}

    def _rebuilt(self) -> keras.Model:
        """The network as it was when the run began, whatever weights it then had."""
        bare = dataclasses.replace(self.job, weights=None)
        for classes in self._numbers_of_classes():
            with self.options.policy():
                model = bare.build_model(classes)
            if [list(weight.shape) for weight in model.weights] == list(self.shapes):
                return model
        raise RunError(
            f"The model that {self.folder / OPTIONS} describes has other weights in this version "
            "of tfwsol; use the version that is named there."
        )

    def _numbers_of_classes(self) -> Iterator[int]:
        """The number of classes; for a run that does not record it, what it can be."""
        if self.job.num_classes or self.class_names:
            yield self.job.num_classes or len(self.class_names)
            return
        yield from dict.fromkeys(shape[-1] for shape in reversed(self.shapes) if shape)


def is_run(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a directory, or a file of weights beside the record of a run."""
    path = Path(path)
    return path.is_dir() or (path.name.endswith(".weights.h5") and _home(path) is not None)


def read_run(path: str | os.PathLike[str]) -> TrainedRun:
    """What the directory of a run says; its best weights are chosen, else its last ones.

    Args:
        path: The directory that ``scripts/train.py`` wrote, or a file of weights in it.

    Raises:
        RunError: It is no such directory, cannot be read, or has no weights yet.
        ValueError: The record names what this version of tfwsol does not have.
    """
    path = Path(path)
    folder = path if path.is_dir() else _home(path)
    record, metrics = _json(folder / OPTIONS), _json(folder / METRICS)
    identity = record.get("identity", {})
    if not {"job", "model"} <= set(identity):
        raise RunError(
            f"{folder} is no run of scripts/train.py (its {OPTIONS} "
            f"{'is of another program' if record else 'is missing'}); name the --output_dir of "
            "one, or a .keras file."
        )
    weights, chosen = _weights(folder, metrics) if path.is_dir() else (path, "as named")
    known = {name: identity["job"][name] for name in _OF_THE_MODEL}
    options = {name: identity["options"][name] for name in ("seed", "precision")}
    return TrainedRun(
        folder,
        TrainingJob(run_dir=folder, **known),
        TrainingOptions(**options),
        weights,
        chosen,
        record.get("about", {}).get("class_names"),
        _thresholds(metrics, identity["job"].get("protocols", ())),
        identity["model"],
    )


def _home(path: Path) -> Path | None:
    """The directory of the run that a file of weights belongs to."""
    return path.parent if path.is_file() and (path.parent / OPTIONS).is_file() else None


def _weights(folder: Path, metrics: Mapping[str, Any]) -> tuple[Path, str]:
    so_far = "" if metrics.get("finished") else ", so far; the run is not finished"
    if (folder / BEST).is_file() and "best_epoch" in metrics:
        return folder / BEST, f"epoch {metrics['best_epoch']}: {metrics['chosen']}{so_far}"
    if (folder / LAST).is_file():
        return folder / LAST, "the last epoch; none was scored"
    raise RunError(
        f"{folder} has no weights yet: there is neither {BEST} nor {LAST}; wait for the first "
        "scored epoch, or start the same training again, which then goes on."
    )


def _thresholds(metrics: Mapping[str, Any], protocols: Sequence[str]) -> list[RecordedThreshold]:
    """The best thresholds of the chosen epoch, on the split that chose it."""
    split = metrics.get("selected_on")
    numbers = metrics.get("best", {}).get(split, {})
    return [
        RecordedThreshold(
            PROTOCOLS[name].rule,
            numbers[f"{name} {THRESHOLD}"],
            f"best on the {split} split of the run's own data ({PROTOCOLS[name].words})",
        )
        for name in protocols
        if name in PROTOCOLS and f"{name} {THRESHOLD}" in numbers
    ]


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RunError(f"{file} cannot be read ({error}); name another run.") from error
    if not isinstance(content, dict):
        raise RunError(f"{file} is not the JSON of a training run; name another one.")
    return content
