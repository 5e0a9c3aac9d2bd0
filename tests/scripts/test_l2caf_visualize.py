"""The command as a user starts it: good input, and one sentence for everything else."""

import errno
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from keras import layers
from PIL import Image

from tfwsol.flags import command
from tfwsol.scripts import l2caf_visualize


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="map")(layers.Rescaling(1 / 255)(image))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    logits = layers.Dense(3)(x)
    keras.Model(image, logits).save(folder / "model.keras")
    keras.Model(image, layers.UnitNormalization()(logits)).save(folder / "embedding.keras")
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "photo.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no jpeg")
    return folder


def call(folder, capsys, **changes):
    """Exit code, standard output and error of the command in this process."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS(["test"])
    given = {"image": "photo.png", "model": "model.keras", **changes}
    for name in ("image", "model"):
        given[name] = str(folder / given[name])
    with flagsaver.flagsaver(**given):
        code = command.guarded(l2caf_visualize.main, ["l2caf_visualize"])
    return code, *capsys.readouterr()


def test_good_input(folder, capsys, tmp_path):
    out = tmp_path / "out"
    code, printed, _ = call(folder, capsys, output_dir=str(out), methods=["l2caf", "cam"])
    assert code == 0
    assert "1 explained, 0 known from before, 0 skipped" in printed
    assert (out / "report.html").exists()
    code, printed, _ = call(folder, capsys, output_dir=str(out), methods=["l2caf", "cam"])
    assert "0 explained, 1 known" in printed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image": "none.png"}, "does not exist"),
        ({"image": "broken.jpg"}, "broken.jpg"),
        ({"image": "*.gif"}, "No file matches"),
        ({"model": "none.keras"}, "no model file"),
        ({"class_ids": ["3"]}, "Class id 3 is out of range"),
        ({"class_ids": ["cat"]}, "integers"),
        ({"layer": "pool"}, "no spatial extent"),
        ({"layer": "mop"}, "did you mean ['map'"),
        ({"model": "embedding.keras"}, "does not end in a linear classifier"),
        ({"methods": ["l2kaf"]}, "did you mean l2caf"),
        ({"top_k": 4}, "top_k from 1 to 3"),
        ({"image_size": ["0"]}, "--image_size=224"),
        ({"colormap": "bwrr"}, "bwr"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(folder, capsys, tmp_path, changes, words):
    out = tmp_path / "out"
    code, _, error = call(folder, capsys, output_dir=str(out), **changes)
    assert code == 1
    assert words in error
    assert error.count("\n") == 1
    assert not out.exists() or not list(out.iterdir())


def test_output_dir_that_is_a_file(folder, capsys):
    code, _, error = call(folder, capsys, output_dir=str(folder / "photo.png"))
    assert code == 1
    assert "is a file" in error


def test_missing_weights_without_network(folder, tmp_path):
    environment = {
        **os.environ,
        "KERAS_HOME": str(tmp_path),
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "",
    }
    started = [sys.executable, "-m", "tfwsol.scripts.l2caf_visualize"]
    done = subprocess.run(
        [*started, f"--image={folder / 'photo.png'}", f"--output_dir={tmp_path / 'out'}"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "--weights=FILE" in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "out").iterdir())


def test_help_lists_the_flags():
    started = [sys.executable, "-m", "tfwsol.scripts.l2caf_visualize", "--help"]
    done = subprocess.run(started, capture_output=True, text=True)
    for name in ("--image", "--model", "--methods", "--[no]gif", "--output_dir", "--class_ids"):
        assert name in done.stdout


def test_a_full_disk_is_one_sentence(capsys):
    def write(argv):
        raise OSError(errno.ENOSPC, "No space left on device", "runs/x.png")

    if not flags.FLAGS.is_parsed():
        flags.FLAGS(["test"])
    assert command.guarded(write, ["l2caf_visualize"]) == 1
    error = capsys.readouterr().err
    assert "disk is full" in error
    assert "runs/x.png" in error
    assert error.count("\n") == 1
