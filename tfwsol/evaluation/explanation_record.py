"""The JSON of what was found in a set of photographs, kept while the work goes on."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from tfwsol.evaluation.provenance import versions
from tfwsol.visualization import write_json


class ExplanationRecord:
    """Results by photograph, in `results.json`; those of other settings are forgotten.

    Args:
        folder: The output folder, made if missing.
        settings: All that decides the outcome, in forms that JSON knows.
    """

    def __init__(self, folder: pathlib.Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = json.loads(json.dumps(settings, default=str))
        self.images: list[dict[str, Any]] = []
        self.skipped: dict[str, str] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"The output folder {folder} cannot be made ({error.strerror}); name another one."
            ) from error
        self._file = folder / "results.json"
        if self._file.exists():
            self._take_over(json.loads(self._file.read_text("utf-8")))

    def has(self, path: pathlib.Path) -> bool:
        """True where this very file was explained and its pictures are still there."""
        return any(entry["file"] == _signature(path) for entry in self.images)

    def add(
        self,
        path: pathlib.Path,
        shape: Sequence[int],
        predictions: list[dict[str, Any]],
        maps: list[dict[str, Any]],
        films: list[dict[str, Any]],
    ) -> None:
        """Keeps what was found in one photograph of the shape height × width × 3."""
        signature = _signature(path)
        self.images = [e for e in self.images if e["file"]["path"] != signature["path"]]
        self.images.append(
            {
                "image": str(path),
                "height": shape[0],
                "width": shape[1],
                "file": signature,
                "predictions": predictions,
                "maps": maps,
                **({"films": films} if films else {}),
            }
        )

    def finish(self, paths: Sequence[pathlib.Path], skipped: Mapping[str, str]) -> None:
        """Brings the results into the order of the photographs and notes what was left out."""
        order = {str(path.resolve()): i for i, path in enumerate(paths)}
        kept = [entry for entry in self.images if entry["file"]["path"] in order]
        self.images = sorted(kept, key=lambda entry: order[entry["file"]["path"]])
        self.skipped = dict(skipped)
        self.save()

    def save(self) -> None:
        """Writes everything so far, atomically."""
        content = {
            "settings": self.settings,
            "versions": versions(),
            "images": self.images,
            "skipped": self.skipped,
        }
        write_json(self._file, content)

    def _take_over(self, content: Mapping[str, Any]) -> None:
        if content.get("settings") != self.settings:
            return
        self.images = [
            entry
            for entry in content["images"]
            if all(
                (self.folder / shown["picture"]).exists()
                for shown in [*entry["maps"], *entry.get("films", [])]
            )
        ]


def _signature(path: pathlib.Path) -> dict[str, Any]:
    state = path.stat()
    return {"path": str(path.resolve()), "bytes": state.st_size, "modified": state.st_mtime_ns}
