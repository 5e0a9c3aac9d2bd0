"""The command as a user starts it: a run, the same run again, and one sentence for errors."""

import json
import pathlib
import subprocess
import sys

import pytest
from absl import flags
from absl.testing import flagsaver

from tfwsol import data
from tfwsol.flags import command
from tfwsol.scripts import train

ROOT = pathlib.Path(__file__).parents[2]
SIZES = {"train_size": 20, "val_size": 6, "test_size": 8, "image_size": 48}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    data.prepare("critters", None, folder, **SIZES)
    return folder


@pytest.fixture
def call(capsys, data_dir):
    """Exit code, standard output and error of the command in this process."""

    def run(*arguments):
        options = ",".join(f"{name}={value}" for name, value in SIZES.items())
        usual = {
            "--data_dir": data_dir,
            "--data_options": options,
            "--dataset": "critters",
            "--backbone": "critter_net",
            "--image_size": 48,
            "--epochs": 1,
            "--batch_size": 8,
            "--maps": "false",
        }
        given = {argument.partition("=")[0] for argument in arguments}
        usual = [f"{name}={value}" for name, value in usual.items() if name not in given]
        with flagsaver.flagsaver():
            flags.FLAGS(["train", *usual, *arguments])
            code = command.guarded(train.main, ["train"])
        return code, *capsys.readouterr()

    return run


def test_a_run_and_the_same_run_again(call, tmp_path):
    given = "--method=cam", f"--output_dir={tmp_path}", "--schedule=cosine"
    code, out, _ = call(*given)
    assert code == 0
    assert "Epoch 1: highest wsoleval MaxBoxAccV2 on val." in out
    assert "test wsoleval MaxBoxAccV2: " in out
    assert f"Run: {tmp_path}" in out
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["finished"]
    before = (tmp_path / "state.npz").stat().st_mtime_ns
    code, again, _ = call(*given)
    assert code == 0
    assert out.endswith(again), "the same numbers"
    assert (tmp_path / "state.npz").stat().st_mtime_ns == before
    code, _, error = call(*given, "--learning_rate=0.02")
    assert code == 1
    assert "other settings (recipe.learning_rate.rate is 0.01 there and 0.02 here)" in error


def test_a_recipe_with_other_data_and_a_choice_on_test(call, tmp_path):
    recipe = tmp_path / "small.flags"
    recipe.write_text("# Small.\n--method=has\n--grid_size=8\n--epochs=9\n--batch_size=4\n")
    code, out, _ = call(
        f"--recipe={recipe}", f"--output_dir={tmp_path / 'run'}", "--select_on=test"
    )
    assert code == 0
    assert "highest wsoleval MaxBoxAccV2 on test (chosen on the test split" in out
    known = json.loads((tmp_path / "run" / "training.json").read_text())["identity"]
    assert known["job"]["method_options"] == {"grid_size": 8}
    assert known["recipe"]["epochs"] == 1, "what the command line says wins"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Expected --method to be one of acol, adl, cam, cutmix, has, spg; got none."),
        (["--method=gradcam"], "one of acol, adl, cam, cutmix, has, spg; got gradcam."),
        (["--method=cam,adl"], "got cam,adl."),
        (["--method=cam", "--backbone=vgg19"], "--backbone to be one of application, critter_net"),
        (["--method=cam", "--model=ResNet50"], "--model names the network of --backbone=applic"),
        (["--method=cam", "--dataset=cars"], "known: critters, cub, folder"),
        (["--method=cam", "--grid_size=4"], "--grid_size is no option of cam, which has none."),
        (["--method=adl", "--cutmix_beta=2"], "--drop_threshold."),
        (["--method=spg", "--spg_thresholds=0.7"], "high and low, three times"),
        (["--method=cam", "--image_size=48,64"], "Training takes squares"),
        (["--method=cam", "--multipliers=logits"], "Expected --multipliers=expression=factor"),
        (["--method=cam", "--multipliers=none_such=2"], "the layers are conv1"),
        (["--method=cam", "--drops=1.5"], "Expected --drops=30,60,90"),
        (["--method=cam", "--score_protocols=box"], "No protocol is called 'box'"),
        (["--method=cam", "--weights=missing.pth"], "missing.pth"),
        (["--method=cam", "--model_options=alpha"], "--model_options=name=value"),
        (["--method=cam", "--model_options=alpha=1"], "'critter_net' has no option 'alpha'"),
        (["--recipe=adl_vgg_cub"], "near are adl_vgg16_cub"),
        (["--method=cam", "--num_classes=3"], "3 classes"),
        (["--method=cam", "--dataset=cub", "--data_options="], "scripts/prepare_data.py"),
    ],
)
def test_what_is_wrong_is_one_sentence(call, tmp_path, arguments, sentence):
    code, out, error = call(*arguments, f"--output_dir={tmp_path / 'run'}")
    assert code == 1
    assert sentence in error
    # A progress bar may stand before it.
    assert error.splitlines()[-1].startswith("train: ")
    assert "Traceback" not in error
    assert not out.strip()


def test_a_file_is_no_run_directory(call, tmp_path):
    (tmp_path / "file").touch()
    code, _, error = call("--method=cam", f"--output_dir={tmp_path / 'file'}")
    assert code == 1
    assert "name a folder" in error


def test_the_script_lists_what_a_flag_takes():
    run = subprocess.run(
        [sys.executable, ROOT / "scripts" / "train.py", "--strategy=two", "--select_on=val"],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "<none|mirrored|multi_worker>" in run.stderr or "none, mirrored" in run.stderr
    assert "Traceback" not in run.stderr
