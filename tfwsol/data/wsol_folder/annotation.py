"""What any file with boxes says about a picture, and finding the picture it means."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tfwsol.data.preparation.record import SourceError

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Annotation:
    """One line, or one picture without boxes, of a file with boxes.

    Attributes:
        picture: Name of the picture in the source.
        box: Corners x0, y0, x1, y1 in pixels; None: the picture is named without one.
        label: Name of the class; None: the file does not say.
        size: Height and width of the picture; None: the file does not say.
    """

    picture: str
    box: Box | None = None
    label: str | None = None
    size: tuple[int, int] | None = None


def checked_box(corners: Iterable[float], where: str) -> Box:
    """The corners, if they are those of a box.

    Raises:
        SourceError: A corner is negative or not finite, or the box ends before it begins.
    """
    x0, y0, x1, y1 = corners
    # Written so that NaN fails; infinity ends nowhere.
    if not (0 <= x0 <= x1 < float("inf") and 0 <= y0 <= y1 < float("inf")):
        raise SourceError(
            f"{where}: a box is 0 <= x0 <= x1 and 0 <= y0 <= y1 in pixels; got "
            f"{x0:g}, {y0:g}, {x1:g}, {y1:g}."
        )
    return x0, y0, x1, y1


class PictureNames:
    """Finds the picture that an annotation means.

    Args:
        root: The source, for absolute names.
        pictures: Names of the pictures in it.
    """

    def __init__(self, root: str | os.PathLike[str], pictures: Iterable[str]) -> None:
        self._root = Path(root)
        self._pictures = frozenset(pictures)
        self._by_end: dict[str, list[str]] = {}
        for picture in sorted(self._pictures):
            for end in {posixpath.basename(picture), _stem(posixpath.basename(picture))}:
                self._by_end.setdefault(end, []).append(picture)

    def find(self, name: str, where: str) -> str | None:
        """The picture of a name: absolute, relative to the source, or the end of one path alone.

        Returns:
            Its name in the source; None if there is none.

        Raises:
            SourceError: The name is that of several pictures.
        """
        name = name.replace("\\", "/")
        if posixpath.isabs(name):
            path = Path(os.path.abspath(name))
            root = Path(os.path.abspath(self._root))
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else name
        name = posixpath.normpath(name)
        if name in self._pictures:
            return name
        ends = self._by_end.get(posixpath.basename(name), [])
        ends = [end for end in ends if f"/{end}".endswith(f"/{name}")] or [
            end for end in ends if f"/{_stem(end)}".endswith(f"/{name}")
        ]
        # The whole path is meant before the end of a longer one.
        ends = [end for end in ends if _stem(end) == name] or ends
        if len(ends) > 1:
            raise SourceError(
                f"{where}: {name} may be {ends[0]} or {ends[1]}; give paths relative to the source."
            )
        return ends[0] if ends else None


def _stem(name: str) -> str:
    return posixpath.splitext(name)[0]
