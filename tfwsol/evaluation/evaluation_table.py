"""The numbers of an evaluation as rows of text, for the console and the report."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tfwsol.evaluation.score import ScoreCurve, ScoreRow

HEADER = ("Method", "Protocol", "Number", "Value", "95 % interval", "Threshold", "Images")


def table_rows(rows: Iterable[ScoreRow], titles: Mapping[str, str]) -> list[list[str]]:
    """The cells of each row below `HEADER`."""
    return [
        [
            titles.get(row.method, row.method),
            f"{row.protocol}: {row.words}",
            row.metric,
            _number(row.value, row),
            _interval(row),
            _threshold(row),
            str(row.images),
        ]
        for row in rows
    ]


def text_table(rows: Sequence[ScoreRow], titles: Mapping[str, str]) -> str:
    """The table in columns of equal width; a method and protocol is named once."""
    cells = table_rows(rows, titles)
    shown = [HEADER]
    for place, line in enumerate(cells):
        same = place > 0 and cells[place - 1][:2] == line[:2]
        shown.append(["", "", *line[2:]] if same else line)
    widths = [max(len(line[column]) for line in shown) for column in range(len(HEADER))]
    right = ("Value", "Images")
    return "\n".join(
        "  ".join(
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(HEADER, line, widths, strict=True)
        ).rstrip()
        for line in shown
    )


def with_interval(row: ScoreRow) -> str:
    """The number, and in brackets where it lies on 95 % of the replicas."""
    if row.interval is None:
        return _number(row.value, row)
    low, high = row.interval
    return f"{_number(row.value, row)} [{_number(low, row)}, {_number(high, row)}]"


def curves_csv(curves: Iterable[ScoreCurve]) -> str:
    """All curves as lines of method, protocol, curve, x, y."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["method", "protocol", "curve", "x", "y"])
    for curve in curves:
        for x, y in zip(curve.x.tolist(), curve.y.tolist(), strict=True):
            writer.writerow([curve.method, curve.protocol, curve.name, round(x, 10), y])
    return text.getvalue()


def classes_csv(
    columns: Mapping[str, np.ndarray], images: np.ndarray, names: Sequence[str] | None
) -> str:
    """One line per class that occurs: its number, name, images and every number of `columns`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["class", "name", "images", *columns])
    for label in np.flatnonzero(images):
        name = names[label] if names is not None and label < len(names) else ""
        values = [float(column[label]) for column in columns.values()]
        writer.writerow([label, name, images[label], *("" if v != v else v for v in values)])
    return text.getvalue()


def _number(value: float, row: ScoreRow) -> str:
    return f"{value:.4f}" if row.protocol == "faithfulness" else f"{value:.2f}"


def _interval(row: ScoreRow) -> str:
    if row.interval is None:
        return ""
    low, high = row.interval
    return f"{_number(low, row)} to {_number(high, row)}"


def _threshold(row: ScoreRow) -> str:
    values = " / ".join(f"{value:.3g}" for value in row.thresholds)
    return f"{values}, {row.choice}" if values and row.choice else values
