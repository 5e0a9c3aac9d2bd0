"""The folder of an evaluation: what was asked, how far it got, what came out."""

from __future__ import annotations

import json
import pathlib
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfwsol.visualization import replacing, write_json

_POSITION, _SETTINGS = "position", "settings"


class RunFolder:
    """Keeps the state of an evaluation so that a run that was cut short goes on where it stopped.

    State and results of other settings are not taken over; they are replaced when there is
    something to put in their place.

    Args:
        path: Made if missing.
        settings: All that decides the outcome, in forms that JSON knows.

    Raises:
        ValueError: The folder cannot be made.
    """

    def __init__(self, path: pathlib.Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        self.settings = json.loads(json.dumps(settings, default=str))
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"The output folder {path} cannot be made ({error.strerror}); name another one."
            ) from error
        self._results, self._state = path / "metrics.json", path / "progress.npz"

    def results(self) -> dict[str, Any] | None:
        """What an earlier run with these settings wrote last, None where none came so far."""
        if not self._results.exists():
            return None
        try:
            content = json.loads(self._results.read_text("utf-8"))
        except ValueError as error:
            raise ValueError(
                f"{self._results} is not the JSON of an evaluation ({error}); remove it or name "
                "another output folder."
            ) from error
        return content if content.get(_SETTINGS) == self.settings else None

    def finish(self, content: Mapping[str, Any]) -> None:
        """Writes the results; to be called when everything else is in the folder."""
        write_json(self._results, {_SETTINGS: self.settings, **content})
        self._state.unlink(missing_ok=True)

    def save(self, position: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Keeps the state after so many images, atomically."""
        with replacing(self._state) as draft:
            np.savez(draft, **{_POSITION: position, _SETTINGS: self._identity(), **arrays})

    def load(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """Position and state of a run with these settings that was cut short, or None."""
        if not self._state.exists():
            return None
        try:
            # NumPy leaves a file open that it opened itself and then cannot read.
            with self._state.open("rb") as file, np.load(file, allow_pickle=False) as found:
                arrays = dict(found)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"{self._state} cannot be read ({error}); remove it to start anew."
            ) from error
        if str(arrays.pop(_SETTINGS, "")) != self._identity():
            return None
        return int(arrays.pop(_POSITION)), arrays

    def _identity(self) -> str:
        return json.dumps(self.settings, sort_keys=True)
