import csv
import json

import pytest
from absl import flags
from absl.testing import flagsaver

from tfwsol.flags import command
from tfwsol.scripts import results_table


@pytest.fixture
def call(capsys):
    """Runs the command on arguments and gives its exit code and what it printed."""

    def run(*arguments):
        with flagsaver.flagsaver():
            argv = flags.FLAGS(["results_table", *map(str, arguments)])
            code = command.guarded(results_table.main, argv)
        return code, *capsys.readouterr()

    return run


def training(folder, seed, score, finished=True):
    """The files of a run of train.py."""
    folder.mkdir()
    job = {"method": "cam", "backbone": "vgg16", "dataset": "cub"}
    identity = {"job": job, "options": {"seed": seed}, "recipe": {"epochs": 5}}
    about = {"identity": identity, "command": "train", "circumstances": {"commit": "abc"}}
    (folder / "training.json").write_text(json.dumps(about))
    metrics = {"best_epoch": 4, "chosen": "the last", "finished": finished}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "test.json").write_text(json.dumps({"adl GT-known": score, "adl threshold": 0.2}))
    return folder


def evaluation(folder, score):
    """The files of a run of evaluate.py."""
    folder.mkdir()
    rows = [
        {"method": "random", "protocol": "adl", "metric": "GT-known", "value": score},
        # The same number at thresholds of the validation split comes second.
        {"method": "random", "protocol": "adl", "metric": "GT-known", "value": 0.0},
    ]
    settings = {"model": None, "data": {"name": "cub"}, "settings": {"seed": 7}}
    content = {"rows": rows, "settings": settings, "made": {"commit": "def"}}
    (folder / "metrics.json").write_text(json.dumps(content))
    return folder


def test_trainings_and_evaluations_stand_in_one_table(call, tmp_path):
    runs = [training(tmp_path / f"run{seed}", seed, 10.0 + seed) for seed in (0, 2)]
    runs.append(evaluation(tmp_path / "trivial", 50.0))
    rows = tmp_path / "rows.csv"
    code, out, _ = call(*runs, f"--rows={rows}", "--by=dataset,method")
    assert code == 0
    assert out.splitlines() == [
        "| dataset | method | runs | adl GT-known |",
        "| --- | --- | --- | ---: |",
        "| cub | cam | 2 | 11.0 ± 1.4 |",
        "| cub | random | 1 | 50.0 |",
    ]
    with rows.open(newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [row["commit"] for row in found] == ["abc", "abc", "def"]
    assert found[0]["chosen"] == "epoch 4: the last"
    assert [row["seed"] for row in found] == ["0", "2", "7"]


@pytest.mark.parametrize("made", ["nothing", "unfinished", "broken"])
def test_what_is_no_finished_run_is_named(call, tmp_path, made):
    folder, rows = tmp_path / "run", tmp_path / "rows.csv"
    if made == "unfinished":
        training(folder, 0, 1.0, finished=False)
    elif made == "broken":
        training(folder, 0, 1.0)
        (folder / "metrics.json").write_text("{")
    code, out, err = call(folder, f"--rows={rows}")
    assert (code, out) == (1, "")
    assert str(folder) in err
    assert err.count("\n") == 1
    assert not rows.exists()


def test_without_runs_it_says_what_it_expects(call):
    assert call()[2].startswith("results_table: Expected the directories of runs")
