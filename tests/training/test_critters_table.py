import csv
import json

import pytest

from tfwsol.training.critters_cell import Cell
from tfwsol.training.critters_table import TableOptions, kept_rows, run_table

SIZES = {"train_size": 40, "val_size": 20, "test_size": 20}


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    return TableOptions(
        ["random", "mask_oracle", "cam"], [0.7], [3], folder, 1, **SIZES, csv=folder / "rows.csv"
    )


@pytest.fixture(scope="module")
def table(options):
    return run_table(options, "the command")


def test_every_method_has_its_line(table):
    lines = table.splitlines()
    assert lines[0].startswith("| body | method | runs | Top-1 Cls | MaxBoxAccV2 |")
    assert [line.split(" | ")[1] for line in lines[2:]] == ["random", "mask_oracle", "cam"]
    assert lines[2].split(" | ")[3] == "–"  # random maps classify nothing


def test_the_file_says_where_its_rows_come_from(table, options):
    with options.csv.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["method"] for row in rows] == ["random", "mask_oracle", "cam"]
    for row in rows:
        assert row["command"] == "the command"
        assert all(row[name] for name in ("cpu", "commit", "tensorflow"))
        assert 0 <= float(row["MaxBoxAccV2"]) <= 100
    assert 0 <= float(rows[2]["Top-1 Loc"]) <= float(rows[2]["GT-known"])


def test_a_finished_cell_is_not_run_again(table, options):
    files = sorted(options.output_dir.glob("*/cell.json"))
    before = [file.stat().st_mtime_ns for file in files]
    assert len(files) == 3
    assert run_table(options, "another command") == table
    assert [file.stat().st_mtime_ns for file in files] == before


def test_a_cell_with_other_settings_is_refused(table, options):
    other = TableOptions(["cam"], [0.7], [3], options.output_dir, 2, **SIZES)
    with pytest.raises(ValueError, match="holds a cell with other settings"):
        run_table(other, "the command")


def test_rows_are_those_of_all_cells_that_are_kept(tmp_path):
    for method, body, seed in (("cam", 0.9, 1), ("adl", 0.45, 0), ("random", 0.9, 0)):
        cell = Cell(method, body, seed)
        record = {
            "cell": cell.identity(),
            "scores": {"PxAP": 1.0},
            "threshold": 0.5,
            "training_processor_seconds": 1.0,
            "command": "x",
        }
        (tmp_path / cell.folder).mkdir()
        (tmp_path / cell.folder / "cell.json").write_text(json.dumps(record))
    found = [(row["body"], row["method"]) for row in kept_rows(tmp_path)]
    assert found == [(0.45, "adl"), (0.9, "random"), (0.9, "cam")]


def test_an_unknown_method_is_named_before_anything_runs(tmp_path):
    with pytest.raises(ValueError, match=r"Expected methods out of .*cam.*; got 'cams'"):
        run_table(TableOptions(["cams"], [0.7], [0], tmp_path), "x")
    assert not list(tmp_path.iterdir())
