"""A report as one HTML file that needs nothing else: no script, no network, no second file."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Mapping, Sequence

import jinja2
import numpy as np

from tfwsol.visualization.atomic_write import write_text
from tfwsol.visualization.embedded_picture import EmbeddedPicture, embed

_FIGURE_WIDTH = 1600
_CELL_WIDTH = 400
_NUMBER = re.compile(r"[-+−±]?\d[\d.,\s]*(e[-+−]?\d+)?\s?[%×]?(\s?±\s?[\d.,]+)?", re.IGNORECASE)
_MISSING = "–"


@dataclasses.dataclass(frozen=True)
class Figure:
    """A picture with its words.

    Attributes:
        image: uint8, height × width × 3, or the bytes of a PNG, JPEG, GIF or WebP file.
        alt: What the picture shows, for those who cannot see it.
        caption: What stands below it.
    """

    image: np.ndarray | bytes
    alt: str
    caption: str = ""


Cell = str | int | float | Figure | None


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of text, numbers or pictures.

    Attributes:
        header: One heading per column.
        rows: One cell per column. The floats of a column share their number of decimals;
            columns of numbers are set flush right.
        caption: What stands above the table.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the report: prose first, then its tables, then its figures.

    Attributes:
        heading: The title of the part.
        prose: Paragraphs of plain text.
        tables: Tables, in order.
        figures: Figures, in order.
    """

    heading: str
    prose: Sequence[str] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()


@dataclasses.dataclass(frozen=True)
class Report:
    """What a report says.

    Attributes:
        title: The title of the page.
        lead: Plain sentences that say what is shown, before everything else.
        sections: The parts.
        facts: How the report was made: command, versions, seed, ...
    """

    title: str
    lead: Sequence[str] = ()
    sections: Sequence[Section] = ()
    facts: Mapping[str, object] = dataclasses.field(default_factory=dict)


def write_report(path: str | os.PathLike[str], report: Report) -> None:
    """Writes the report as one self-contained HTML file, atomically.

    Raises:
        ValueError: A table row has not one cell per heading, or a picture is neither uint8
            RGB nor the bytes of an image file.
    """
    write_text(path, render_report(report))


def render_report(report: Report) -> str:
    """Returns the HTML page of a report; all text is escaped, all pictures are inside.

    Raises:
        ValueError: As for ``write_report``.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tfwsol.visualization"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["columns"] = _columns
    environment.filters["embedded"] = _embedded
    return environment.get_template("report.html.j2").render(report=report)


@dataclasses.dataclass(frozen=True)
class _Column:
    heading: str
    kind: str
    cells: list[str | Figure]


def _columns(table: Table) -> list[_Column]:
    """Returns the columns of a table with their numbers written out, for the template."""
    for row in table.rows:
        if len(row) != len(table.header):
            raise ValueError(
                f"Expected {len(table.header)} cells per row as in the header, got {len(row)}."
            )
    return [
        _column(heading, [row[i] for row in table.rows]) for i, heading in enumerate(table.header)
    ]


def _column(heading: str, values: Sequence[Cell]) -> _Column:
    if any(isinstance(value, Figure) for value in values):
        return _Column(heading, "picture", ["" if value is None else value for value in values])
    decimals = _decimals([float(v) for v in values if isinstance(v, (float, np.floating))])
    cells = [_written(value, decimals) for value in values]
    given = [cell for cell in cells if cell not in ("", "-", _MISSING)]
    numeric = bool(given) and all(_NUMBER.fullmatch(cell) for cell in given)
    return _Column(heading, "number" if numeric else "text", cells)


def _decimals(values: Sequence[float]) -> int:
    """Returns how many decimals show three digits of the largest value, at most four."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return 3 if largest == 0 else min(max(2 - math.floor(math.log10(largest)), 0), 4)


def _written(value: Cell, decimals: int) -> str:
    if isinstance(value, str):
        return value
    if value is None or not math.isfinite(value):
        return _MISSING
    is_float = isinstance(value, (float, np.floating))
    return (f"{value:z.{decimals}f}" if is_float else str(value)).replace("-", "−")


def _embedded(figure: Figure, in_table: bool = False) -> EmbeddedPicture:
    return embed(figure.image, _CELL_WIDTH if in_table else _FIGURE_WIDTH)
