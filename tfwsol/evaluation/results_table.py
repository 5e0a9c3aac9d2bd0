"""Rows of results as a CSV file, and their means and deviations over seeds as a table."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfwsol.visualization import write_text

Row = Mapping[str, Any]


def write_results(path: str | Path, rows: Sequence[Row]) -> None:
    """Writes rows as a CSV file, atomically; columns stand in the order they first come up.

    Numbers are written with two decimals, what a row lacks is left empty.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    write_text(path, text.getvalue())


def summarise(rows: Iterable[Row], by: Sequence[str], numbers: Sequence[str]) -> str:
    """A Markdown table of mean ± sample standard deviation of the rows that share some columns.

    Args:
        rows: Whatever has these columns; an absent number is left out of its mean.
        by: Columns that tell the lines of the table apart, which keep the order of the rows.
        numbers: Columns to take the mean of.

    Returns:
        Lines, the last column of the labels being the number of rows; a single row has no
        deviation.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name, "") for name in by), []).append(row)
    lines = [[*by, "runs", *numbers], ["---"] * (len(by) + 1) + ["---:"] * len(numbers)]
    for key, group in groups.items():
        label = [_plain(part) for part in key]
        lines.append([*label, str(len(group)), *(_mean(group, name) for name in numbers)])
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _mean(rows: Sequence[Row], name: str) -> str:
    values = [float(row[name]) for row in rows if row.get(name) not in (None, "")]
    if not values:
        return "–"
    mean = f"{statistics.fmean(values):.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean


def _plain(value: Any) -> Any:
    return f"{value:.2f}" if isinstance(value, float) else value
