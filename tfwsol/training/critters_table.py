"""The critters table: every method on several data sets and seeds, as rows and means."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tqdm

from tfwsol import methods
from tfwsol.evaluation.results_table import summarise, write_results
from tfwsol.training.critters_cell import BOUNDS, RECORD, Cell, run_cell

NUMBERS = ("Top-1 Cls", "MaxBoxAccV2", "GT-known", "Top-1 Loc", "PxAP", "part_only")
"""Columns of the printed table; the file has all scores."""

_WHERE = ("date", "commit", "cpu", "cores", "python", "tensorflow", "keras", "numpy", "tfwsol")


@dataclasses.dataclass(frozen=True)
class TableOptions:
    """What is to stand in the table.

    Attributes:
        methods: See `Cell`.
        bodies: See `Cell`.
        seeds: See `Cell`.
        epochs: See `Cell`.
        train_size, val_size, test_size: Images per split.
        output_dir: Where the cells are kept; whatever lies there already is not run again.
        data_dir: Where prepared data lie; None: in the output folder.
        csv: The file of results, made anew from all cells in the output folder.
    """

    methods: Sequence[str]
    bodies: Sequence[float]
    seeds: Sequence[int]
    output_dir: pathlib.Path
    epochs: int | None = None
    train_size: int = 2000
    val_size: int = 200
    test_size: int = 500
    data_dir: str | os.PathLike[str] | None = None
    csv: str | os.PathLike[str] | None = None

    def cells(self) -> list[Cell]:
        """The cells, the first seed of all first.

        Raises:
            ValueError: A method is unknown.
        """
        sizes = {name: getattr(self, name) for name in ("train_size", "val_size", "test_size")}
        return [
            Cell(method, body, seed, self.epochs, sizes)
            for seed in self.seeds
            for body in self.bodies
            for method in self.methods
        ]


def run_table(options: TableOptions, command: str) -> str:
    """Runs the cells that are missing, writes the file of results and returns the means.

    Interrupted at any time, it goes on with the same options; several processes may share an
    output folder when their cells differ.

    Args:
        options: Which cells, and where.
        command: What was called, for the record.

    Returns:
        A Markdown table of mean ± standard deviation over the seeds.

    Raises:
        ValueError: A method is unknown, or the folder holds a cell with other settings.
    """
    cells = options.cells()
    data_dir = options.data_dir or options.output_dir / "data"
    records = []
    with tqdm.tqdm(cells, "cells", disable=not sys.stderr.isatty()) as bar:
        for cell in bar:
            bar.set_postfix_str(cell.folder)
            records.append(run_cell(cell, options.output_dir, data_dir, command))
            if options.csv:
                write_results(options.csv, kept_rows(options.output_dir))
    return summarise(_sorted(rows_of(records)), ("body", "method"), NUMBERS)


def kept_rows(folder: pathlib.Path) -> list[dict[str, Any]]:
    """The rows of all cells that a folder holds."""
    files = sorted(folder.glob(f"*/{RECORD}"))
    return _sorted(rows_of(json.loads(file.read_text("utf-8")) for file in files))


def rows_of(records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The records of cells as rows of the file."""
    for record in records:
        cell = record["cell"]
        yield {
            **{name: cell[name] for name in ("method", "body", "seed")},
            **record["scores"],
            "threshold": f"{record['threshold']:.3f}",
            **{name: record[name] for name in ("training_processor_seconds", "command")},
            **{name: record[name] for name in _WHERE if name in record},
        }


def _sorted(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows by body, with what methods are compared with first, then by method and seed."""
    order = [*BOUNDS, *methods.names()]
    return sorted(rows, key=lambda row: (row["body"], order.index(row["method"]), row["seed"]))
