"""The command as a user starts it: a run, the same run again, and one sentence for errors."""

import contextlib
import json
import pathlib
import resource
import subprocess
import sys
import zipfile

import numpy as np
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
        (["--method=cam", "--backbone=vgg19"], "--backbone to be one of "),
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
        (["--method=cam", "--num_classes=3"], "3 classes cannot learn the 10 of critters"),
        (["--method=cam", "--train_split=train[:0]"], "has no pictures"),
        (["--method=cam", "--validation_split=val[2:2]"], "name one, or set score_every to 0"),
        (["--method=cam", "--train_split=train[a"], "is written in a way that tfds does not know"),
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


def test_weights_that_cannot_be_used_leave_no_run(call, tmp_path):
    """A pickle that runs a command, the file of another network, and what is no file of weights."""
    run, marker = tmp_path / "run", tmp_path / "marker"
    command = f"touch {marker}".encode()
    code = b"cos\nsystem\nX" + len(command).to_bytes(4, "little") + command + b"\x85R"
    (tmp_path / "evil.pth").write_bytes(b"\x80\x02}X\x01\x00\x00\x00a" + code + b"s.")
    with zipfile.ZipFile(tmp_path / "evil.pt", "w") as archive:
        archive.writestr("archive/data.pkl", (tmp_path / "evil.pth").read_bytes())
    other = {f"conv{n}_1/W": np.zeros((3, 3, 3, 32), np.float32) for n in (1, 2, 3)}
    np.savez(tmp_path / "other.npz", **other)
    (tmp_path / "text.keras").write_text("no archive")
    shapes = (
        "'conv1_1/W' of shape (3, 3, 3, 32) does not fit 'conv1_1/kernel' of shape (3, 3, 3, 64)"
    )
    for name, sentence in {
        "evil.pth": "asks for 'os.system', which no tensor needs",
        "evil.pt": "asks for 'os.system', which no tensor needs",
        "other.npz": "none of its 3 tensors",
        "text.keras": "text.keras is no Keras model that can be loaded",
        "missing.keras": "missing.keras; check the path given by --weights",
        "missing.safetensors": "missing.safetensors cannot be read: No such file",
    }.items():
        given = "--method=cam", "--backbone=vgg16", f"--weights={tmp_path / name}"
        code, _, error = call(*given, "--preprocess=none", f"--output_dir={run}")
        assert code == 1
        assert sentence in error
        assert error.count("\n") == 1
        assert not run.exists()
    assert not marker.exists()
    other["conv1_2/W"] = np.zeros((3, 3, 64, 64), np.float32)
    np.savez(tmp_path / "other.npz", **other)
    code, _, error = call(*given[:2], f"--weights={tmp_path / 'other.npz'}", f"--output_dir={run}")
    assert code == 1
    assert shapes in error
    assert "is it a file of another architecture?" in error
    assert not run.exists()


@contextlib.contextmanager
def full_disk(folder):
    """Files may not grow beyond 100 kB, which looks like a full disk."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def damaged(split):
    @contextlib.contextmanager
    def damage(folder):
        (file,) = folder.rglob(f"critters-{split}.tfrecord*")
        whole = file.read_bytes()
        middle = len(whole) // 2
        file.write_bytes(whole[:middle] + bytes(64) + whole[middle + 64 :])
        try:
            yield
        finally:
            file.write_bytes(whole)

    return damage


def test_a_run_goes_on_when_what_stopped_it_is_gone(call, data_dir, tmp_path):
    given = "--method=cam", "--save_every=1", f"--output_dir={tmp_path / 'run'}"
    for cause, sentence in [
        (full_disk, "There is no room left for"),
        (damaged("train"), "cannot be read (corrupted record at "),
        (damaged("val"), "Images to be scored cannot be read (corrupted record at "),
    ]:
        with cause(data_dir):
            code, _, error = call(*given)
        assert code == 1
        last = error.splitlines()[-1]
        assert last.startswith("train: ")
        assert sentence in last
        assert "{{" not in last
        assert "Traceback" not in error
        assert not [file for file in (tmp_path / "run").rglob("*") if "draft" in file.name]
    code, _, _ = call(*given)
    assert code == 0
    code, _, _ = call(*given[:2], f"--output_dir={tmp_path / 'whole'}")
    assert code == 0
    losses, expected = (
        np.loadtxt(tmp_path / name / "steps.csv", delimiter=",", skiprows=1)
        for name in ("run", "whole")
    )
    np.testing.assert_allclose(losses, expected, rtol=1e-6)


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
