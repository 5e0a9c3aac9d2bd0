"""What a user names to localize with: a training run, or a saved model."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tfwsol.backbones.trained_classifier import ModelError, TrainedClassifier, load_classifier
from tfwsol.training.trained_run import RecordedThreshold, TrainedRun, is_run, read_run


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; its text is one sentence for the person who asked."""


@dataclasses.dataclass(frozen=True)
class LocalizerCheckpoint:
    """A model that is not loaded yet.

    Attributes:
        words: Which weights these are.
        identity: What decides which model it is and how it is fed, in forms that JSON knows.
        load: Gives the model.
        thresholds: Those that its run found best.
        run: The run that made it, where that is known.
    """

    words: str
    identity: dict[str, Any]
    load: Callable[[], TrainedClassifier]
    thresholds: Sequence[RecordedThreshold] = ()
    run: TrainedRun | None = None


def open_checkpoint(
    path: str | os.PathLike[str],
    preprocess: str | None = None,
    image_size: Sequence[int] | None = None,
    class_names: str | os.PathLike[str] | None = None,
    data_names: Sequence[str] | None = None,
) -> LocalizerCheckpoint:
    """What there is to know of a checkpoint without loading its model.

    Args:
        path: A directory that ``scripts/train.py`` wrote, a file of weights in one, or a
            ``.keras`` file: a localizer of tfwsol or any classifier. A file is loaded in Keras'
            safe mode, which runs no code that the file holds.
        preprocess: For a ``.keras`` file, see `load_classifier`; a run records its own.
        image_size: As well.
        class_names: A text file with one name per line; None: those that a run records.
        data_names: Names to be taken where a run records none.

    Raises:
        CheckpointError: There is nothing that can be used, or something is asked for that the
            run has decided.
        RunError: See `read_run`.
    """
    path = Path(path).expanduser()
    class_names = None if class_names is None else Path(class_names).expanduser()
    if is_run(path):
        if preprocess not in (None, "auto") or image_size is not None:
            raise CheckpointError(
                f"The run {path} records how its model wants images; leave --preprocess and "
                "--image_size out."
            )
        return _of_run(path, class_names, data_names)
    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint {path}; name a directory that scripts/train.py wrote, or a "
            ".keras file."
        )
    if path.name.endswith(".weights.h5"):
        raise CheckpointError(
            f"{path} holds weights alone, and there is no training.json beside it that says of "
            "which network; name the directory of the run, or a .keras file."
        )
    if path.suffix != ".keras":
        raise CheckpointError(
            f"{path} is neither the directory of a training run nor a .keras file; "
            "scripts/convert_checkpoint.py makes a .keras file of PyTorch's."
        )
    return _of_file(path, preprocess or "auto", image_size, class_names)


def _of_run(
    path: Path, class_names: Path | None, data_names: Sequence[str] | None
) -> LocalizerCheckpoint:
    run = read_run(path)
    if run.class_names is None:
        run = dataclasses.replace(run, class_names=data_names)
    names = None if class_names is None else _read_names(class_names)
    return LocalizerCheckpoint(
        f"{run.weights} ({run.chosen})",
        {**run.identity(), "class_names": names or run.class_names},
        lambda: run.load(names),
        run.thresholds,
        run,
    )


def _of_file(
    path: Path,
    preprocess: str,
    image_size: Sequence[int] | None,
    class_names: Path | None,
) -> LocalizerCheckpoint:
    names = None if class_names is None else _read_names(class_names)
    state = path.stat()
    file = [str(path.resolve()), state.st_size, state.st_mtime_ns]
    identity = {
        "file": file,
        "preprocess": preprocess,
        "image_size": image_size,
        "class_names": names,
    }

    def load() -> TrainedClassifier:
        return load_classifier(
            str(path), preprocess=preprocess, image_size=image_size, class_names=class_names
        )

    scaled = "as RGB 0..255" if preprocess in ("auto", "none") else f"scaled as {preprocess!r}"
    words = f"{path} (images go in {scaled}; --preprocess=tf|torch|caffe scales them)"
    return LocalizerCheckpoint(words, identity, load)


def _read_names(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"Class names cannot be read from {path} ({error}); name a text file of one name per "
            "line."
        ) from error
