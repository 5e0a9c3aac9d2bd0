"""The folder of found boxes: what was asked, how far it got, what came out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfwsol.evaluation.box_files import boxes_coco, boxes_csv
from tfwsol.evaluation.picture_source import PictureSource
from tfwsol.visualization import write_json, write_text

JSON, CSV, COCO, REPORT = "boxes.json", "boxes.csv", "coco.json", "report.html"
OVERLAYS = "overlays"
_PROGRESS = "progress.jsonl"
_OURS = re.compile(r"\d{6}_.*\.png")


class BoxRecord:
    """Keeps what was found picture by picture, so that a run that is cut short goes on.

    ``progress.jsonl`` holds one line for each picture until all are done; then ``boxes.json``,
    ``boxes.csv`` and ``coco.json`` take its place. What an earlier run with other settings left
    stays until there is something to put in its place.

    Attributes:
        images: Of each picture in order: ``image_id``, ``height``, ``width``, ``rule``,
            ``threshold``, ``found`` (``class_id``, ``class_name``, ``score``, ``boxes``), and
            ``orientation``, ``label``, ``state`` and ``overlay`` where there are any; or
            ``image_id``, ``state`` and ``skipped``, the reason why it could not be read.

    Args:
        folder: Made if missing.
        settings: All that decides the outcome, in forms that JSON knows.

    Raises:
        ValueError: The folder cannot be made or written, or holds a file that cannot be read.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = json.loads(json.dumps(settings, default=str))
        self.images: list[dict[str, Any]] = []
        self._progress = folder / _PROGRESS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            trial = folder / ".trial"
            trial.touch()
            trial.unlink()
        except OSError as error:
            raise ValueError(
                f"The output folder {folder} cannot be written ({error.strerror}); name another "
                "one with --output_dir."
            ) from error
        self._is_whole = not self._progress.exists()
        self.images = self._whole() if self._is_whole else self._begun()

    @property
    def found(self) -> list[dict[str, Any]]:
        """The entries of the pictures that could be read."""
        return [entry for entry in self.images if "skipped" not in entry]

    @property
    def skipped(self) -> dict[str, str]:
        """Why pictures could not be read, by name."""
        return {e["image_id"]: e["skipped"] for e in self.images if "skipped" in e}

    @property
    def boxless(self) -> list[str]:
        """Names of the pictures without any box."""
        return [e["image_id"] for e in self.found if not any(one["boxes"] for one in e["found"])]

    def finished(self, count: int) -> bool:
        """Whether all files for so many pictures are there."""
        names = (JSON, CSV, COCO, REPORT)
        there = all((self.folder / name).is_file() for name in names)
        return self._is_whole and there and len(self.images) == count

    def keep(self, source: PictureSource, overlays: int, skip_corrupt: bool = True) -> int:
        """Keeps the first pictures that are still the same ones, and forgets the others.

        Args:
            source: The pictures asked for now.
            overlays: So many of the first ones shall have an overlay.
            skip_corrupt: Whether those that could not be read count as done.

        Returns:
            How many are kept.
        """
        images = self.images[: len(source)]
        same = [
            source.same(place, entry["image_id"], entry.get("state"))
            and ("skipped" not in entry or skip_corrupt)
            and (place >= overlays or self._is_shown(entry))
            for place, entry in enumerate(images)
        ]
        kept = same.index(False) if False in same else len(images)
        if kept < len(self.images):
            self._is_whole = False
        self.images = images[:kept]
        return kept

    def begin(self) -> None:
        """Writes down what is kept, to add to it."""
        lines = [{"settings": self.settings}, *self.images]
        write_text(self._progress, "".join(map(_line, lines)))
        self._is_whole = False

    def add(self, entries: Sequence[dict[str, Any]]) -> None:
        """Keeps what was found in some more pictures."""
        self.images += entries
        with self._progress.open("a", encoding="utf-8") as file:
            file.write("".join(map(_line, entries)))

    def forget(self) -> None:
        """Leaves nothing of this run, and what an earlier one finished as it was."""
        self._progress.unlink(missing_ok=True)
        self.images = []

    def finish(self, class_names: Sequence[str], description: str, made: Mapping[str, Any]) -> None:
        """Writes the files of boxes.

        Args:
            class_names: Of all classes of the model.
            description: What the boxes are, in words.
            made: How: flags, versions, checkpoint.
        """
        write_text(self.folder / CSV, boxes_csv(self.found))
        write_json(self.folder / COCO, boxes_coco(self.found, class_names, description))
        self._remove_old_overlays()
        content = {"about": description, "settings": self.settings, "made": dict(made)}
        write_json(self.folder / JSON, {**content, "images": self.images})
        self._progress.unlink(missing_ok=True)
        self._is_whole = True

    def _is_shown(self, entry: Mapping[str, Any]) -> bool:
        name = entry.get("overlay")
        return "skipped" in entry or (name is not None and (self.folder / name).is_file())

    def _remove_old_overlays(self) -> None:
        """Removes the overlays of an earlier run, which would be taken for those of this one."""
        current = {entry.get("overlay") for entry in self.images}
        for file in (self.folder / OVERLAYS).glob("*.png"):
            if _OURS.fullmatch(file.name) and f"{OVERLAYS}/{file.name}" not in current:
                file.unlink()

    def _whole(self) -> list[dict[str, Any]]:
        file = self.folder / JSON
        if not file.exists():
            return []
        try:
            content = json.loads(file.read_text("utf-8"))
            return content["images"] if content["settings"] == self.settings else []
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{file} is not the JSON of found boxes ({error}); remove it or name another "
                "folder with --output_dir."
            ) from error

    def _begun(self) -> list[dict[str, Any]]:
        entries = list(_whole_lines(self._progress.read_text("utf-8").splitlines()))
        if not entries or entries[0].get("settings") != self.settings:
            return []
        return entries[1:]


def _whole_lines(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    """The lines up to the one that was being written when the run ended."""
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            return


def _line(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, allow_nan=False) + "\n"
