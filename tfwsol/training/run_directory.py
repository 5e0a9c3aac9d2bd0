"""What a training run leaves on the disk, so that it can go on or need not run again."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfwsol import __version__
from tfwsol.visualization.atomic_write import write_json

STATE = "training.json"
FINAL = "final.weights.h5"
BEST = "best.weights.h5"


class RunDirectory:
    """The state of one training run: a JSON file and the weights that it names.

    Weights are written under a new name first and the JSON file is replaced after them, so it
    never names weights that are not whole, whenever the process is killed.

    Attributes:
        path: The directory.
        state: What the JSON file holds: ``options`` of the run, ``versions``, ``history`` (one
            list with a number per epoch for each name), ``best_epoch`` from 1,
            ``wall_seconds``, ``finished``, and the weight files ``last`` and ``best``.
        resumed: Whether the directory held a run with the same options and its weights.
    """

    def __init__(self, path: str | os.PathLike[str], options: Mapping[str, Any]):
        """Takes up the run in a directory, or begins one in the place of any with other options.

        Args:
            path: Made if missing.
            options: All that decides the outcome, in forms that JSON knows.
        """
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        options = json.loads(json.dumps(options))
        found = self._read()
        weights = [self.path / str(found.get(role)) for role in ("last", "best")]
        same = found.get("options") == options
        self.resumed = same and all(file.is_file() for file in weights)
        self.state = found if self.resumed else _beginning(options)
        if not self.resumed:
            for name in (STATE, FINAL, BEST):
                (self.path / name).unlink(missing_ok=True)
            self._keep_only()

    @property
    def epochs_done(self) -> int:
        """How many epochs the history holds."""
        return len(next(iter(self.state["history"].values()), []))

    def load_last(self, model: keras.Model) -> None:
        """Sets a model (and its optimizer, if compiled) to where the run stands."""
        model.load_weights(self.path / self.state["last"])

    def end_epoch(self, model: keras.Model, logs: Mapping[str, float], seconds: float) -> None:
        """Adds an epoch to the history and puts the weights beside it.

        Args:
            model: As it is after the epoch, with its optimizer.
            logs: Loss and metrics; the epoch with the highest ``val_accuracy`` is the best.
            seconds: Wall time of the epoch.
        """
        state, history = self.state, self.state["history"]
        for name, value in logs.items():
            history.setdefault(name, []).append(float(value))
        state["wall_seconds"] += seconds
        state["last"] = f"epoch-{self.epochs_done:04d}.weights.h5"
        model.save_weights(self.path / state["last"])
        best = 1 + int(np.argmax(history["val_accuracy"]))
        if best == self.epochs_done:
            state.update(best_epoch=best, best=state["last"])
        self._write()

    def finish(self) -> None:
        """Gives the weights their lasting names and marks the run as finished."""
        for role, name in (("last", FINAL), ("best", BEST)):
            draft = self.path / f"epoch-{name}"
            shutil.copyfile(self.path / self.state[role], draft)
            os.replace(draft, self.path / name)
        self.state.update(last=FINAL, best=BEST, finished=True)
        self._write()

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads((self.path / STATE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def _write(self) -> None:
        write_json(self.path / STATE, self.state)
        self._keep_only(self.state["last"], self.state["best"])

    def _keep_only(self, *names: str) -> None:
        """Removes the weights of all epochs that are not named."""
        for file in self.path.glob("epoch-*.weights.h5"):
            if file.name not in names:
                file.unlink()


def _beginning(options: dict[str, Any]) -> dict[str, Any]:
    versions = {"tfwsol": __version__, "keras": keras.__version__, "tensorflow": tf.__version__}
    return {
        "options": options,
        "versions": {**versions, "numpy": np.__version__, "python": platform.python_version()},
        "history": {},
        "best_epoch": 0,
        "wall_seconds": 0.0,
        "finished": False,
        "last": None,
        "best": None,
    }
