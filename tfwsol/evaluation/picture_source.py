"""Pictures one by one, from files or from a data set, with what is known about each."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tfwsol.data import registry
from tfwsol.data.exif_orientation import UPRIGHT, exif_orientation
from tfwsol.data.photograph import PhotographError, read_image
from tfwsol.data.preparation.decoding import decode_as_pillow
from tfwsol.evaluation.evaluation_job import DatasetSplit


@dataclasses.dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        image_id: Its name, unique in the source.
        image: uint8, height × width × 3, upright; None where it cannot be read.
        label: Its true class, where that is known.
        true_boxes: float32 n × 4 in pixels of the file, where they are known.
        orientation: How the file is to be turned, see `exif_orientation`.
        state: What changes when the file does; None in data sets, which do not change.
        why: Why it cannot be read.
    """

    image_id: str
    image: np.ndarray | None = None
    label: int | None = None
    true_boxes: np.ndarray | None = None
    orientation: int = UPRIGHT
    state: Sequence[int] | None = None
    why: str | None = None


class PictureSource(Protocol):
    """Pictures in an order that stays."""

    has_labels: bool
    words: str

    def __len__(self) -> int:
        """How many there are."""

    def identity(self) -> dict[str, Any]:
        """What decides which pictures these are, in forms that JSON knows."""

    def same(self, place: int, image_id: str, state: Sequence[int] | None) -> bool:
        """Whether the picture at a place is the one of an earlier run with this identity."""

    def read(self, start: int = 0) -> Iterator[Picture]:
        """The pictures from a place on."""


class Photographs:
    """Image files, named relative to the folder that all of them lie in.

    Args:
        paths: Of the files.
        skip_corrupt: Whether a file that cannot be read is passed on with the reason; else it
            stops the reading.
    """

    has_labels = False

    def __init__(self, paths: Sequence[Path], skip_corrupt: bool = False) -> None:
        self._paths = [path.absolute() for path in paths]
        self._skip_corrupt = skip_corrupt
        self._root = Path(os.path.commonpath([path.parent for path in self._paths]))
        self.words = f"{len(paths)} photograph{'s' * (len(paths) != 1)} in {self._root}"

    def __len__(self) -> int:
        return len(self._paths)

    def identity(self) -> dict[str, Any]:
        """The folder; single files may come and go."""
        return {"folder": str(self._root)}

    def same(self, place: int, image_id: str, state: Sequence[int] | None) -> bool:
        """Whether name, size and time of the file are those."""
        path = self._paths[place]
        return self._name(path) == image_id and list(state or ()) == _state(path)

    def read(self, start: int = 0) -> Iterator[Picture]:
        """The photographs from a place on.

        Raises:
            PhotographError: One cannot be read and corrupt ones are not to be skipped.
        """
        for path in self._paths[start:]:
            name = self._name(path)
            try:
                _check_name(path)
                image, orientation = read_image(path), exif_orientation(path)
            except PhotographError as error:
                if not self._skip_corrupt:
                    raise PhotographError(
                        f"{error} Leave it out, or pass over such files with --on_corrupt=skip."
                    ) from error
                yield Picture(name, state=_state(path), why=str(error))
            else:
                yield Picture(name, image, orientation=orientation, state=_state(path))

    def _name(self, path: Path) -> str:
        # What is not UTF-8 could not be written down.
        return os.fsencode(path.relative_to(self._root)).decode("utf-8", "backslashreplace")


class DatasetPictures:
    """The pictures of a split of a data set.

    Args:
        data: The split.

    Raises:
        ValueError: There is no such split, or it is neither prepared nor has a source.
    """

    has_labels = True

    def __init__(self, data: DatasetSplit) -> None:
        self._data = data
        self._facts = data.facts()
        self._examples = registry.load(
            data.name, data.split, data.data_dir, data.source, decode=False, **data.options
        )
        self._count = int(self._examples.cardinality())
        if self._count < 1:
            raise ValueError(f"The split {data.split} of {data.name} holds no pictures.")
        self.words = f"{self._count} pictures of {data.name}, split {data.split}"

    @property
    def class_names(self) -> list[str]:
        """Names of the labels."""
        return self._facts.class_names

    @property
    def left_out(self) -> Mapping[str, str]:
        """Pictures that were corrupt when the data set was prepared, and why."""
        return self._facts.skipped

    def __len__(self) -> int:
        return self._count

    def identity(self) -> dict[str, Any]:
        """The split and the prepared folder, which is named by what it holds."""
        return {"dataset": self._data.name, "split": self._data.split, "in": self._facts.folder}

    def same(self, place: int, image_id: str, state: Sequence[int] | None) -> bool:
        """True: what is prepared stays as it is."""
        return True

    def read(self, start: int = 0) -> Iterator[Picture]:
        """The pictures from a place on."""
        wanted = ("image", "label", "image_id", "boxes")

        def decoded(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            kept = {key: example[key] for key in wanted if key in example}
            return {**kept, "image": decode_as_pillow(example["image"])}

        examples = self._examples.skip(start).map(decoded, tf.data.AUTOTUNE)
        for example in examples.prefetch(tf.data.AUTOTUNE).as_numpy_iterator():
            name, label = example["image_id"].decode(), int(example["label"])
            yield Picture(name, example["image"], label, example.get("boxes"))


def _state(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _check_name(path: Path) -> None:
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise PhotographError(
            f"The name of {os.fsencode(path)!r} is not UTF-8, so no file of boxes can hold it; "
            "rename the file."
        ) from error
