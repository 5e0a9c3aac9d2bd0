import csv
import subprocess
import sys
from pathlib import Path

import pytest
from absl import flags
from absl.testing import flagsaver

from tfwsol.flags import command
from tfwsol.scripts import benchmark

SCRIPT = Path(__file__).parents[2] / "scripts" / "benchmark.py"


@pytest.fixture
def call(capsys):
    """Runs the command on arguments and gives its exit code and what it printed."""

    def run(*arguments):
        with flagsaver.flagsaver():
            argv = flags.FLAGS(["benchmark", *arguments])
            code = command.guarded(benchmark.main, argv)
        return code, *capsys.readouterr()

    return run


def test_the_suite_on_a_tiny_network(call, tmp_path):
    path = tmp_path / "numbers.csv"
    code, out, _ = call(
        "l2caf", "--model=critter_net", "--image_size=24,32", "--batch_sizes=2", "--repeats=1",
        "--intermediate_layer=relu3", "--loop_iterations=2", f"--csv={path}",
    )  # fmt: skip
    assert code == 0
    assert out.startswith("critter_net 24×32, batch 2, repeats: 1, on ")
    assert out.endswith(f"Appended to {path}.\n")
    with path.open(encoding="utf-8", newline="") as file:
        cases = [row["case"] for row in csv.DictReader(file)]
    assert len(cases) == 13
    assert all(case in out for case in cases)


def test_training_is_a_suite_too(call):
    code, out, _ = call(
        "training", "--backbones=critter_net", "--method=cam", "--image_size=24",
        "--batch_sizes=2", "--steps=1", "--repeats=1", "--csv=",
    )  # fmt: skip
    assert code == 0
    tables = [line for line in out.splitlines() if line.startswith("critter_net 24×24, 1 steps")]
    assert len(tables) == 2
    assert "our loop, cam" in out
    assert "adl" not in out


def test_the_harness_needs_no_tensorflow(tmp_path):
    environment = {"PATH": str(tmp_path), "TFWSOL_CUDA": "off"}
    command = [sys.executable, "-X", "importtime", SCRIPT, "stnet", "--harness"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.endswith("harness: TFWSOL_CUDA is off\n")
    assert "tensorflow" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["imagenet"], "], but 'imagenet' came."),
        ([], "Expected the name of one suite, one of ['l2caf', "),
        (["l2caf", "--batch_sizes=1,0"], "Expected --batch_sizes=1,8 (integers from 1)"),
        (["l2caf", "--model=ResNet51"], "'ResNet51' came."),
        (["training", "--method=cam,adll"], "'adll' came."),
        (["training", "--backbones=vgg17"], "'vgg17' came."),
        (["l2caf", "--image_size=big"], "Expected --image_size=224"),
    ],
)
def test_mistakes_give_one_sentence(call, tmp_path, arguments, sentence):
    code, out, err = call(*arguments, f"--csv={tmp_path / 'numbers.csv'}")
    assert code == 1
    assert not out
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
