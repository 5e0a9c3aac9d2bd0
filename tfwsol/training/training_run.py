"""The directory of a training run: what was asked, how far it got, what came out."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfwsol.checkpoints import save_weights
from tfwsol.evaluation.circumstances import circumstances
from tfwsol.evaluation.provenance import versions
from tfwsol.visualization import replacing, write_json, write_text

OPTIONS, METRICS, STEPS = "training.json", "metrics.json", "steps.csv"
STATE, BEST, LAST = "state.npz", "best.weights.h5", "last.weights.h5"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_COLUMNS = "step,epoch,loss,learning_rate\n"
_POSITION = "position"


class RunError(ValueError):
    """A run directory that cannot be used; its text is one sentence for the person who asked."""


class DiskFullError(OSError):
    """Nothing more could be written; the run goes on from its last state when there is room."""


class TrainingRun:
    """Keeps a training run so that it can be killed at any time.

    ``training.json`` holds what decides the outcome, what else is known, the command and where it
    ran; ``state.npz`` weights, optimizer and the seeds of layers with their position, in one file
    that is replaced as a whole; ``steps.csv`` the loss of every step; ``metrics.json`` the epochs;
    ``best.weights.h5`` and ``last.weights.h5`` are for use.

    Args:
        path: Made if missing.
        identity: All that decides the outcome, in forms that JSON knows.
        writes: Whether this process writes; the other machines of a run only read.
        overwrite: Begin anew where the directory holds a run with another identity.
        about: What whoever uses the model later has to know and what decides nothing, such as
            the names of the classes; in forms that JSON knows.

    Raises:
        RunError: It holds such a run and must not be overwritten, or cannot be read or made.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        identity: Mapping[str, Any],
        writes: bool = True,
        overwrite: bool = False,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self.path, self.writes = Path(path), writes
        self._about = json.loads(json.dumps(about or {}, default=str))
        self._identity = json.loads(json.dumps(identity, default=str))
        self.metrics: dict[str, Any] = {}
        with self._one_sentence():
            if writes:
                self.path.mkdir(parents=True, exist_ok=True)
            known = self._json(OPTIONS)
            found = known.get("identity")
            self._goes_on = found == self._identity
            if self._goes_on:
                self.metrics = self._json(METRICS)
                if writes and self._about and known.get("about") != self._about:
                    write_json(self.path / OPTIONS, {**known, "about": self._about})
            elif found is not None and not overwrite:
                raise RunError(
                    f"{self.path} holds a run with other settings "
                    f"({_difference(found, self._identity)}); name another directory."
                )
            elif writes:
                self._begin()
                self._goes_on = True

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        return bool(self.metrics.get("finished"))

    def load(self, variables: Sequence[keras.Variable]) -> dict[str, Any]:
        """Sets all variables to the saved state and returns its position, {} if there is none.

        Raises:
            RunError: The file cannot be read or belongs to another model.
        """
        file = self.path / STATE
        if not file.exists() or not self._goes_on:
            return {}
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
                arrays = dict(found)
            position = json.loads(str(arrays.pop(_POSITION)))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise RunError(f"{file} cannot be read ({error}); remove it to start anew.") from error
        shapes = [tuple(variable.shape) for variable in variables]
        if [arrays[name].shape for name in sorted(arrays)] != shapes:
            raise RunError(f"{file} holds the state of another model; name another directory.")
        for name, variable in zip(sorted(arrays), variables, strict=True):
            variable.assign(arrays[name])
        return position

    def save(self, variables: Sequence[keras.Variable], position: Mapping[str, Any]) -> None:
        """Keeps variables and position, atomically.

        Raises:
            FloatingPointError: A variable is no longer finite; what was kept before stays.
            DiskFullError: There is no room; what was kept before stays.
        """
        if not self.writes:
            return
        arrays = {f"{place:06d}": _plain(v) for place, v in enumerate(variables)}
        for array, variable in zip(arrays.values(), variables, strict=True):
            if not np.isfinite(array).all():
                raise FloatingPointError(
                    f"{variable.path} is no longer finite, so training stopped; try a lower "
                    "learning rate or a longer warm-up, or look for broken images."
                )
        with self._one_sentence(), replacing(self.path / STATE) as draft:
            np.savez(draft, **{_POSITION: json.dumps(position), **arrays})

    def save_weights(self, model: keras.Model, name: str) -> None:
        """Keeps the weights of a model under a name, atomically."""
        if not self.writes:
            return
        draft = self.path / f".draft.{name}"
        with self._one_sentence():
            try:
                save_weights(model, draft)
                os.replace(draft, self.path / name)
            finally:
                draft.unlink(missing_ok=True)

    def load_weights(self, model: keras.Model, name: str) -> None:
        """Gives a model the weights kept under a name.

        Raises:
            RunError: They are gone.
        """
        if not (self.path / name).exists():
            raise RunError(
                f"{self.path} holds a finished run without its {name}; name another directory."
            )
        model.load_weights(self.path / name)

    def save_metrics(self) -> None:
        """Writes `metrics`."""
        if self.writes:
            with self._one_sentence():
                write_json(self.path / METRICS, self.metrics)

    def cut_steps(self, step: int) -> None:
        """Takes the steps out of the list that come after a saved state and will be made again."""
        if not self.writes:
            return
        file = self.path / STEPS
        lines = file.read_text("utf-8").splitlines(True)[1:] if file.exists() else []
        kept = [row for row in lines if row.endswith("\n") and int(row.split(",")[0]) <= step]
        with self._one_sentence():
            write_text(file, _COLUMNS + "".join(kept))

    def add_steps(self, rows: Sequence[Sequence[float]]) -> None:
        """Adds steps to the list: number, epoch, loss and learning rate of each."""
        if self.writes and rows:
            text = "".join(f"{row[0]},{row[1]},{row[2]!r},{row[3]!r}\n" for row in rows)
            with self._one_sentence(), (self.path / STEPS).open("a", encoding="utf-8") as file:
                file.write(text)

    def _begin(self) -> None:
        for name in (OPTIONS, METRICS, STATE, STEPS, BEST, LAST):
            (self.path / name).unlink(missing_ok=True)
        content = {"identity": self._identity, "about": self._about, "versions": versions()}
        content |= {"command": shlex.join(sys.argv), "circumstances": circumstances()}
        write_json(self.path / OPTIONS, content)

    def _json(self, name: str) -> dict[str, Any]:
        try:
            return json.loads((self.path / name).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise RunError(
                f"{self.path / name} is not the JSON of a training run ({error}); name another "
                "directory."
            ) from error

    @contextlib.contextmanager
    def _one_sentence(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:
            number = getattr(error, "errno", None)
            # HDF5 closes a file that it could not write with a RuntimeError.
            if number in _FULL or "No space left" in str(error):
                raise DiskFullError(
                    f"There is no room left for {self.path}; make some and start the same command "
                    "again, it goes on from the last state saved there."
                ) from error
            if number in (errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
                raise RunError(
                    f"The run directory {self.path} cannot be written ({error.strerror}); name "
                    "another one."
                ) from error
            raise


def _plain(variable: keras.Variable) -> np.ndarray:
    """The value in a type that NumPy's files know; float32 holds all shorter floats."""
    value = keras.ops.convert_to_numpy(variable)
    return value if value.dtype.kind in "iub" or value.itemsize > 3 else value.astype(np.float32)


def _difference(found: Mapping[str, Any], asked: Mapping[str, Any], prefix: str = "") -> str:
    """The first setting that is not the same."""
    for name in [*asked, *(key for key in found if key not in asked)]:
        before, now = found.get(name), asked.get(name)
        if before != now and isinstance(before, Mapping) and isinstance(now, Mapping):
            return _difference(before, now, f"{prefix}{name}.")
        if before != now:
            return f"{prefix}{name} is {before} there and {now} here"
    return "none can be named"
