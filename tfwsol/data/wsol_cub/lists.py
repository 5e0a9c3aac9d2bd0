"""The text lists that come with CUB-200-2011."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import NamedTuple

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.source_tree import SourceTree

Box = tuple[float, float, float, float]


class Picture(NamedTuple):
    """One line of ``images.txt`` with what the other lists say of it."""

    name: str
    label: int
    is_train: bool
    box: Box


@dataclass(frozen=True)
class Lists:
    """All official lists.

    Attributes:
        folder: The folder of the tree they stand in, "" or ending in "/".
        class_names: Name of each class, ``"001.Black_footed_Albatross"``.
        pictures: In the order of ``images.txt``.
    """

    folder: str
    class_names: tuple[str, ...]
    pictures: tuple[Picture, ...]


def read_lists(tree: SourceTree) -> Lists:
    """The official lists of a tree, wherever in it they stand.

    Boxes are given as x, y, width and height and become corners x, y, x + width, y + height, as
    in wsolevaluation; they are not rounded.

    Raises:
        SourceError: If a list or one of its lines is missing or malformed.
    """
    found = [name for name in tree.names() if posixpath.basename(name) == "images.txt"]
    if not found:
        raise SourceError(f"{tree.path} holds no images.txt, so it is not CUB-200-2011.")
    folder = min(found, key=len).removesuffix("images.txt")
    tables = {name: _table(tree, f"{folder}{name}", count) for name, count in _COLUMNS.items()}
    classes = sorted((int(number), name) for number, (name,) in tables["classes.txt"].items())
    if [number for number, _ in classes] != list(range(1, len(classes) + 1)):
        raise SourceError(f"classes.txt of {tree.path} does not number its classes from 1 on.")
    pictures = []
    for number, (name,) in tables["images.txt"].items():
        rows = {file: _row(tree, tables, file, number, name) for file in _PER_PICTURE}
        label = _number(tree, "image_class_labels.txt", number, rows, int)[0] - 1
        train = _number(tree, "train_test_split.txt", number, rows, int)[0]
        x, y, width, height = _number(tree, "bounding_boxes.txt", number, rows, float)
        pictures.append(Picture(name, label, bool(train), (x, y, x + width, y + height)))
    return Lists(folder, tuple(name for _, name in classes), tuple(pictures))


_COLUMNS = {
    "classes.txt": 1,
    "images.txt": 1,
    "image_class_labels.txt": 1,
    "train_test_split.txt": 1,
    "bounding_boxes.txt": 4,
}
_PER_PICTURE = ("image_class_labels.txt", "train_test_split.txt", "bounding_boxes.txt")


def _table(tree: SourceTree, name: str, columns: int) -> dict[str, list[str]]:
    """The words of each line behind its number, by that number."""
    rows = {}
    for line, text in enumerate(tree.text(name).splitlines(), 1):
        number, *words = text.split()[: columns + 2] or [""]
        if not number.isdigit() or len(words) != columns:
            raise SourceError(
                f"{name} of {tree.path}, line {line}: expected a number and {columns} further "
                f"words, but {text!r} came."
            )
        rows[number] = words
    return rows


def _row(
    tree: SourceTree, tables: dict[str, dict[str, list[str]]], file: str, number: str, name: str
) -> list[str]:
    if number not in tables[file]:
        raise SourceError(
            f"{file} of {tree.path} has no line for picture {number}, {name}; unpack it again."
        )
    return tables[file][number]


def _number(
    tree: SourceTree, file: str, number: str, rows: dict[str, list[str]], kind: type
) -> list:
    try:
        return [kind(word) for word in rows[file]]
    except ValueError as error:
        raise SourceError(
            f"{file} of {tree.path} gives picture {number} {' '.join(rows[file])!r}, which is no "
            "number."
        ) from error
