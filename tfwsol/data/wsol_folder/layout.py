"""Which picture of a folder belongs to which split and class, by the folders it lies in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from tfwsol.data.photograph import IMAGE_SUFFIXES

SPLITS = ("train", "val", "test")
_MOST_CLASSES = 100_000


@dataclass(frozen=True)
class Layout:
    """The pictures of a source.

    Attributes:
        splits: The split of each picture, in order of the names; ``"test"`` unless all pictures
            lie in folders called train, val and test.
        folders: The class folder of each picture; None if it lies in none.
    """

    splits: dict[str, str]
    folders: dict[str, str | None]

    @property
    def in_class_folders(self) -> bool:
        """Whether every picture lies in a class folder, and there are at least two of these."""
        return None not in self.folders.values() and len(set(self.folders.values())) > 1


def find_layout(names: Iterable[str]) -> Layout:
    """The layout of a source: ``[<split>/][<class>/]…/<picture>``.

    Args:
        names: Names of all its files; only visible ones with the suffix of an image count.
    """
    pictures = [PurePosixPath(name) for name in sorted(names) if is_picture(name)]
    has_splits = all(picture.parts[0] in SPLITS for picture in pictures)
    splits, folders = {}, {}
    for picture in pictures:
        above = picture.parts[has_splits:-1]
        splits[str(picture)] = picture.parts[0] if has_splits else "test"
        folders[str(picture)] = above[0] if above else None
    return Layout(splits, folders)


def number_classes(names: Iterable[str]) -> tuple[list[str], dict[str, int]]:
    """The names of all classes by number, and the number of each given name.

    Names that are whole numbers (``0``, ``17``) are the numbers of the classes themselves;
    others are counted in alphabetical order.
    """
    known = sorted(set(names))
    if all(_is_number(name) for name in known):
        numbers = {name: int(name) for name in known}
        return [str(number) for number in range(max(numbers.values(), default=-1) + 1)], numbers
    return known, {name: number for number, name in enumerate(known)}


def is_picture(name: str) -> bool:
    """Whether a file is visible and has the suffix of an image."""
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() in IMAGE_SUFFIXES


def _is_number(name: str) -> bool:
    return name.isdecimal() and str(int(name)) == name and int(name) < _MOST_CLASSES
