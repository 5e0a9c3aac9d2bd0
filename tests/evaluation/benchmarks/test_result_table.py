import csv

import pytest

from tfwsol.evaluation.benchmarks.result_table import (
    COLUMNS,
    append_csv,
    format_table,
    require_columns,
    result_rows,
)
from tfwsol.evaluation.benchmarks.timing import Timing, compare

TIMINGS = compare(
    [
        Timing("forward", (0.5, 0.25, 1.0), (2.0, 2.0, 2.0)),
        Timing("filter, of five", (1.0,), (1.0,), "forward", remark="60 evaluations"),
    ]
)
ABOUT = dict(zip(COLUMNS[:5], ["l2caf", "Net 8×8", "8", "default", "0"], strict=True))
WHERE = dict.fromkeys(COLUMNS[17:], "somewhere")


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_table_is_aligned_and_holds_medians():
    header, first, second = format_table(TIMINGS).splitlines()
    assert first.split() == ["forward", "0.5000", "0.2500", "1.0000", "2.0000"]
    assert second.startswith("filter, of five  1.0000  1.0000  1.0000  1.0000")
    assert second.endswith("2.000       0.500  forward  60 evaluations")
    assert header.index("remark") == second.index("60 evaluations")
    assert header.index("CPU s") + len("CPU s") == second.index("1.0000") + len("1.0000")


def test_rows_fill_all_columns_in_order():
    rows = result_rows(TIMINGS, ABOUT, WHERE)
    assert [list(row) for row in rows] == [COLUMNS, COLUMNS]
    assert rows[0]["cpu_ratio"] == rows[0]["baseline"] == ""
    assert (rows[1]["cpu_ratio"], rows[1]["wall_ratio"]) == ("2", "0.5")
    assert (rows[0]["cpu_min_s"], rows[0]["cpu_max_s"], rows[0]["repeats"]) == ("0.25", "1", "3")


def test_header_comes_once(tmp_path):
    path = tmp_path / "new" / "numbers.csv"
    rows = result_rows(TIMINGS, ABOUT, WHERE)
    append_csv(path, rows)
    append_csv(path, rows[:1])
    found = read(path)
    assert found[0] == COLUMNS
    assert [dict(zip(COLUMNS, row, strict=True)) for row in found[1:]] == [*rows, rows[0]]
    assert [file.name for file in path.parent.iterdir()] == ["numbers.csv"]


def test_a_file_without_last_newline_keeps_its_last_row(tmp_path):
    path = tmp_path / "numbers.csv"
    rows = result_rows(TIMINGS, ABOUT, WHERE)
    append_csv(path, rows)
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n"), encoding="utf-8")
    append_csv(path, rows)
    assert len(read(path)) == 1 + 2 * len(rows)


def test_other_columns_are_refused_and_the_file_stays(tmp_path):
    path = tmp_path / "numbers.csv"
    path.write_text("suite,colour\nx,red\n")
    with pytest.raises(ValueError, match="'colour'"):
        require_columns(path)
    with pytest.raises(ValueError, match="--csv"):
        append_csv(path, result_rows(TIMINGS, ABOUT, WHERE))
    assert path.read_text() == "suite,colour\nx,red\n"


def test_a_row_with_another_column_changes_nothing(tmp_path):
    path = tmp_path / "numbers.csv"
    with pytest.raises(ValueError, match="colour"):
        append_csv(path, [{"colour": "red"}])
    assert not path.exists()


def test_a_missing_file_has_the_right_columns(tmp_path):
    require_columns(tmp_path / "none.csv")
