"""Boxes in a table of comma-separated values."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_folder.annotation import Annotation, Box, checked_box

_CORNERS = ("x0", "y0", "x1", "y1")
_MORE = ("label", "score")


def read_csv(path: Path) -> Iterator[Annotation]:
    """The annotations of a table with the header ``image,x0,y0,x1,y1`` or one more, ``label``.

    A column ``score``, which ``scripts/localize.py`` writes, is passed over.

    A picture has as many rows as boxes. A row with four empty corners names a picture that has
    no box. Pictures are named relative to the source or absolutely; UTF-8.

    Raises:
        SourceError: The header or a row is wrong; the sentence names file and line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = [field.strip() for field in next(rows, [])]
            _check_header(path, header)
            for row in rows:
                if row:
                    yield _annotation(header, row, f"{path}, line {rows.line_num}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} is not a comma-separated table in UTF-8 ({error}).") from error


def _check_header(path: Path, header: list[str]) -> None:
    wanted = {"image", *_CORNERS}
    if len(set(header)) < len(header) or not wanted <= set(header) <= wanted.union(_MORE):
        raise SourceError(
            f"{path}, line 1: expected the header image,x0,y0,x1,y1 or image,x0,y0,x1,y1,label; "
            f"got {','.join(header)!r}."
        )


def _annotation(header: list[str], row: list[str], where: str) -> Annotation:
    if len(row) != len(header):
        raise SourceError(f"{where}: expected {len(header)} fields; got {len(row)}: {row}.")
    fields = dict(zip(header, (field.strip() for field in row), strict=True))
    if not fields["image"] or not fields.get("label", "-"):
        raise SourceError(f"{where}: the image or the label is empty.")
    return Annotation(fields["image"], _box(fields, where), fields.get("label"))


def _box(fields: dict[str, str], where: str) -> Box | None:
    texts = [fields[corner] for corner in _CORNERS]
    if not any(texts):
        return None
    try:
        corners = [float(text) for text in texts]
    except ValueError as error:
        raise SourceError(f"{where}: a box is four numbers ({error}).") from error
    return checked_box(corners, where)
