"""The metadata folder of a wsolevaluation split: image list, labels, sizes, boxes or masks."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tfwsol.data.preparation.record import SourceError


class MetadataError(SourceError):
    """One sentence about a metadata file that is missing or wrong, with its line."""


@dataclass(frozen=True, eq=False)
class Metadata:
    """What one split's folder says, in the order of its image list.

    Attributes:
        image_ids: Path of each image relative to the data root, ``val2/0/0.jpeg``.
        labels: int64, one 0-based class for each image.
        sizes: (height, width) in pixels of the original; empty where the file is.
        boxes: float64 n × 4 by image: corners x0, y0, x1, y1 in pixels of the original, in the
            order of the file. Images without a row are absent; empty for masks.
        masks: Paths of the instance masks by image; empty for boxes.
        ignore_masks: Path of the ignore mask by image; empty for boxes.
    """

    image_ids: tuple[str, ...]
    labels: np.ndarray
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    boxes: Mapping[str, np.ndarray] = field(default_factory=dict)
    masks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore_masks: Mapping[str, str] = field(default_factory=dict)

    def unlocalized(self) -> tuple[str, ...]:
        """The images with neither a box nor a mask, in order."""
        return tuple(
            name for name in self.image_ids if name not in self.boxes and name not in self.masks
        )


def is_metadata_folder(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder holds an image list and labels, by the names of its files."""
    folder = Path(folder)
    return all((folder / name).is_file() for name in ("image_ids.txt", "class_labels.txt"))


def read_metadata(folder: str | os.PathLike[str], proxy: bool = False) -> Metadata:
    """The metadata of one split, ``metadata/<data set>/<split>`` of wsolevaluation.

    The format is that of Choe et al., CVPR 2020. Lines about images outside the image list are
    passed over, so that a shortened list is enough for a quick search. ``image_sizes.txt`` and
    ``localization.txt`` may be empty or absent.

    Args:
        folder: Holds ``image_ids.txt``, ``class_labels.txt``, ``image_sizes.txt`` and
            ``localization.txt``; UTF-8, comma separated, without header or quotes.
        proxy: Take the image list from ``image_ids_proxy.txt``.

    Raises:
        MetadataError: A file is missing or a line is malformed, doubled or impossible (a label
            below 0, a box that ends before it begins); the sentence names file and line.
    """
    folder = Path(folder)
    listed = folder / ("image_ids_proxy.txt" if proxy else "image_ids.txt")
    image_ids = tuple(row[0] for row in _rows(listed, (1,)))
    wanted = frozenset(image_ids)
    if len(wanted) < len(image_ids):
        first = {name: line for line, name in reversed(list(enumerate(image_ids, 1)))}
        line, name = next(row for row in enumerate(image_ids, 1) if first[row[1]] < row[0])
        raise MetadataError(f"{listed}, line {line}: {name} is listed twice.")
    labels = _labels(folder / "class_labels.txt", wanted)
    for name in image_ids:
        if name not in labels:
            raise MetadataError(f"{folder / 'class_labels.txt'} has no line for {name}.")
    sizes = _sizes(folder / "image_sizes.txt", wanted)
    rows = _rows(folder / "localization.txt", (5, 3), required=False)
    kept = [(line, row) for line, row in enumerate(rows, 1) if row[0] in wanted]
    truth = {}
    if rows and len(rows[0]) == 5:
        truth["boxes"] = _boxes(folder / "localization.txt", kept)
    elif rows:
        truth["masks"], truth["ignore_masks"] = _masks(folder / "localization.txt", kept)
    values = np.array([labels[name] for name in image_ids], np.int64)
    return Metadata(image_ids, values, sizes, **truth)


def _rows(path: Path, counts: Sequence[int], required: bool = True) -> list[list[str]]:
    """The fields of every line. Each line has as many as the first, which has one of ``counts``."""
    if not path.is_file():
        if required:
            raise MetadataError(f"{path} is missing; a metadata folder holds it for every split.")
        return []
    try:
        # Not splitlines, which also splits at characters that are part of a file name.
        lines = path.read_bytes().decode("utf-8-sig").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise MetadataError(f"{path} is not UTF-8 text ({error}).") from error
    rows = [line.removesuffix("\r").split(",") for line in lines] if lines != [""] else []
    for line, row in enumerate(rows, 1):
        if len(row) not in counts or len(row) != len(rows[0]) or not row[0]:
            fields = " or ".join(map(str, counts))
            raise MetadataError(
                f"{path}, line {line}: expected {fields} comma-separated fields, an image path "
                f"first; got {','.join(row)!r}."
            )
    return rows


def _integer(path: Path, line: int, text: str, least: int, what: str) -> int:
    if not text.strip().isdecimal() or int(text) < least:
        raise MetadataError(
            f"{path}, line {line}: {what} is a whole number from {least}; got {text!r}."
        )
    return int(text)


def _labels(path: Path, wanted: frozenset[str]) -> dict[str, int]:
    labels: dict[str, int] = {}
    for line, (name, text) in enumerate(_rows(path, (2,)), 1):
        label = _integer(path, line, text, 0, "a class")
        if labels.setdefault(name, label) != label:
            raise MetadataError(f"{path}, line {line}: {name} has another class further up.")
    return {name: label for name, label in labels.items() if name in wanted}


def _sizes(path: Path, wanted: frozenset[str]) -> dict[str, tuple[int, int]]:
    sizes = {}
    for line, (name, *texts) in enumerate(_rows(path, (3,), required=False), 1):
        width, height = (_integer(path, line, text, 1, "an image side") for text in texts)
        if name in wanted:
            sizes[name] = (height, width)
    return sizes


def _boxes(path: Path, rows: Sequence[tuple[int, Sequence[str]]]) -> dict[str, np.ndarray]:
    boxes: dict[str, list[list[float]]] = {}
    for line, (name, *texts) in rows:
        try:
            corners = [float(text) for text in texts]
        except ValueError as error:
            raise MetadataError(f"{path}, line {line}: a box is four numbers ({error}).") from error
        x0, y0, x1, y1 = corners
        # Written so that NaN fails; infinity ends nowhere.
        if not (0 <= x0 <= x1 < np.inf and 0 <= y0 <= y1 < np.inf):
            raise MetadataError(
                f"{path}, line {line}: a box is 0 <= x0 <= x1 and 0 <= y0 <= y1; got {corners}."
            )
        boxes.setdefault(name, []).append(corners)
    return {name: np.array(corners, np.float64) for name, corners in boxes.items()}


def _masks(
    path: Path, rows: Sequence[tuple[int, Sequence[str]]]
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    masks: dict[str, list[str]] = {}
    ignored: dict[str, str] = {}
    for line, (name, mask, ignore) in rows:
        first = name not in masks
        if not mask or first != bool(ignore):
            raise MetadataError(
                f"{path}, line {line}: expected a mask, and the ignore mask on the first line of "
                f"an image only; got {','.join((name, mask, ignore))!r}."
            )
        masks.setdefault(name, []).append(mask)
        if first:
            ignored[name] = ignore
    return {name: tuple(paths) for name, paths in masks.items()}, ignored
