import csv

import pytest

from tfwsol.evaluation.benchmarks import SUITES, Case, CaseGroup, SuiteOptions, run_suite
from tfwsol.evaluation.benchmarks.result_table import COLUMNS


def test_every_suite_is_a_function_of_the_options():
    assert "l2caf" in SUITES
    assert all(callable(suite) for suite in SUITES.values())


def test_an_unknown_suite_lists_the_known():
    with pytest.raises(ValueError, match=r"one of \['l2caf'.*'l2caff' came"):
        next(run_suite("l2caff", SuiteOptions(), 1))


def test_a_suite_gives_tables_and_rows(tmp_path, monkeypatch):
    def two(options):
        for size in options.batch_sizes:
            cases = (Case("slow", lambda: None), Case("slower", lambda: None, "slow"))
            yield CaseGroup("Nothing", size, cases)

    monkeypatch.setitem(SUITES, "two", two)
    path = tmp_path / "numbers.csv"
    tables = list(run_suite("two", SuiteOptions(batch_sizes=(1, 4), seed=7), 3, path))
    assert [table.splitlines()[0].split(", on ")[0] for table in tables] == [
        "Nothing, batch 1, repeats: 3",
        "Nothing, batch 4, repeats: 3",
    ]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["batch_size"], row["case"], row["baseline"]) for row in rows] == [
        ("1", "slow", ""),
        ("1", "slower", "slow"),
        ("4", "slow", ""),
        ("4", "slower", "slow"),
    ]
    assert list(rows[0]) == COLUMNS
    assert {(row["suite"], row["seed"], row["repeats"]) for row in rows} == {("two", "7", "3")}


def test_a_results_file_with_other_columns_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setitem(SUITES, "never", lambda options: pytest.fail("it ran"))
    path = tmp_path / "numbers.csv"
    path.write_text("a,b\n")
    with pytest.raises(ValueError, match="name another file"):
        next(run_suite("never", SuiteOptions(), 1, path))
