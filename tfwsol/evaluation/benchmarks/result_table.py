"""Timings as text for the terminal and as rows of a results file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfwsol.evaluation.benchmarks.timing import Timing
from tfwsol.visualization.atomic_write import replacing

COLUMNS = [
    *("suite", "subject", "batch_size", "threads", "seed"),
    *("case", "repeats"),
    *("cpu_median_s", "cpu_min_s", "cpu_max_s"),
    *("wall_median_s", "wall_min_s", "wall_max_s"),
    *("cpu_ratio", "wall_ratio", "baseline", "remark"),
    *("date", "commit", "cpu", "cores", "load", "python", "tensorflow", "keras", "numpy", "tfwsol"),
]
"""Of the results file; times are of a whole batch, ratios those of medians to the baseline's."""

_HEADINGS = ("case", "CPU s", "min", "max", "wall s", "CPU ratio", "wall ratio", "to", "remark")
_LEFT = {0, 7, 8}


def format_table(timings: Sequence[Timing]) -> str:
    """The timings as lines of aligned columns; medians, and CPU seconds of the whole batch."""
    rows = [_HEADINGS, *(_cells(timing) for timing in timings)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADINGS))]
    lines = [
        "  ".join(
            cell.ljust(width) if place in _LEFT else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines)


def result_rows(
    timings: Sequence[Timing], about: Mapping[str, str], circumstances: Mapping[str, str]
) -> list[dict[str, str]]:
    """One row of the results file for each timing.

    Args:
        timings: Of one group of cases.
        about: What was timed: the first of `COLUMNS`.
        circumstances: Where and when: the last of them.
    """
    return [{**about, **_numbers(timing), **circumstances} for timing in timings]


def require_columns(path: str | Path) -> None:
    """Makes sure that rows can be appended to a file, before anything is timed.

    Raises:
        ValueError: If the file is there and has other columns.
    """
    known = _text(Path(path))
    header = next(csv.reader([known.splitlines()[0]])) if known else COLUMNS
    if header != COLUMNS:
        differing = sorted(set(header) ^ set(COLUMNS)) or "their order"
        raise ValueError(
            f"Expected {path} to have the columns of this version, but they differ in {differing}; "
            "name another file with --csv."
        )


def append_csv(path: str | Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Appends rows to a CSV file, which appears with a header where there is none yet.

    The file is replaced as a whole, so it never holds half a row.

    Args:
        path: The file; missing folders are made.
        rows: With a text for each of `COLUMNS`.

    Raises:
        ValueError: If the file or a row has other columns.
    """
    require_columns(path)
    known, text = _text(Path(path)), io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    if not known:
        writer.writeheader()
    elif not known.endswith("\n"):
        text.write("\n")
    writer.writerows(rows)
    with replacing(path) as draft:
        draft.write_text(known + text.getvalue(), encoding="utf-8")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _cells(timing: Timing) -> tuple[str, ...]:
    seconds = (timing.cpu_median, min(timing.cpu_seconds), max(timing.cpu_seconds))
    ratios = (timing.cpu_ratio, timing.wall_ratio)
    return (
        timing.name,
        *(f"{value:.4f}" for value in (*seconds, timing.wall_median)),
        *("" if ratio is None else f"{ratio:.{3 if ratio >= 0.1 else 5}f}" for ratio in ratios),
        timing.baseline or "",
        timing.remark,
    )


def _numbers(timing: Timing) -> dict[str, str]:
    numbers = {
        "cpu_median_s": timing.cpu_median,
        "cpu_min_s": min(timing.cpu_seconds),
        "cpu_max_s": max(timing.cpu_seconds),
        "wall_median_s": timing.wall_median,
        "wall_min_s": min(timing.wall_seconds),
        "wall_max_s": max(timing.wall_seconds),
        "cpu_ratio": timing.cpu_ratio,
        "wall_ratio": timing.wall_ratio,
    }
    return {
        "case": timing.name,
        "repeats": str(len(timing.cpu_seconds)),
        **{name: "" if value is None else f"{value:.5g}" for name, value in numbers.items()},
        "baseline": timing.baseline or "",
        "remark": timing.remark,
    }
