"""The suites by name, and running one: a table per group, rows in the results file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import tensorflow as tf

from tfwsol.evaluation.benchmarks.case_group import CaseGroup, SuiteOptions
from tfwsol.evaluation.benchmarks.data import data
from tfwsol.evaluation.benchmarks.evaluation import evaluation
from tfwsol.evaluation.benchmarks.l2caf import l2caf
from tfwsol.evaluation.benchmarks.result_table import (
    append_csv,
    format_table,
    require_columns,
    result_rows,
)
from tfwsol.evaluation.benchmarks.stnet import stnet
from tfwsol.evaluation.benchmarks.timing import measure
from tfwsol.evaluation.circumstances import circumstances

Suite = Callable[[SuiteOptions], Iterator[CaseGroup]]

SUITES: dict[str, Suite] = {
    "l2caf": l2caf,
    "data": data,
    "evaluation": evaluation,
    "stnet": stnet,
}


def run_suite(
    name: str,
    options: SuiteOptions,
    repeats: int,
    results: str | Path | None = None,
    suites: Mapping[str, Suite] = SUITES,
) -> Iterator[str]:
    """Times a suite and gives the table of each group as soon as it is done.

    Args:
        name: One of the suites.
        options: What to benchmark.
        repeats: Timed rounds per group.
        results: The CSV file to append to; None: none.
        suites: By name.

    Raises:
        ValueError: If there is no such suite, or the file has other columns.
        RuntimeError: If a number of threads is asked for after TensorFlow has started.
    """
    if name not in suites:
        raise ValueError(f"Expected the name of a suite, one of {list(suites)}, but {name!r} came.")
    if results:
        require_columns(results)
    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)
        tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    for group in suites[name](options):
        about = {
            "suite": name,
            "subject": group.subject,
            "batch_size": str(group.batch_size),
            "threads": str(options.threads or "default"),
            "seed": str(options.seed),
        }
        where = circumstances()
        title = f"{group.subject}, batch {group.batch_size}"
        timings = measure(group.cases, repeats, label=title)
        if results:
            append_csv(results, result_rows(timings, about, where))
        yield f"{title}, repeats: {repeats}, on {where['cpu']}\n{format_table(timings)}"
