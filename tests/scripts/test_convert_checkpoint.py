"""The command as a user starts it: good input, and one sentence for everything else."""

import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver

from tfwsol import backbones
from tfwsol.flags import command
from tfwsol.scripts import convert_checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """tensorpack's weights of VGG16, which need no PyTorch to be written, and bad ones."""
    folder = tmp_path_factory.mktemp("weights")
    model = backbones.build("vgg16", num_classes=3)
    entries = backbones.file_weights(model, "tensorpack")
    random = np.random.default_rng(0)
    arrays = {e.name: random.random(e.variable.shape, np.float32) for e in entries}
    np.savez(folder / "VGG16.npz", fc8=np.zeros(2), **arrays)
    np.savez(folder / "wide.npz", **{**arrays, "conv1_1/W": np.zeros((3, 3, 4, 64))})
    (folder / "evil.pth").write_bytes(b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00truetR.")
    (folder / "plain.pth").write_bytes(pickle.dumps({"a": 1}))
    (folder / "text.pth").write_text("not found")
    return folder


def call(folder, capsys, **changes):
    """Exit code, standard output and error of the command in this process."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS(["test"])
    given = {"source": "VGG16.npz", "architecture": "vgg16", "names_of": None, **changes}
    given["source"] = given["source"] and str(folder / given["source"])
    with flagsaver.flagsaver(**given):
        code = command.guarded(convert_checkpoint.main, ["convert_checkpoint"])
    return code, *capsys.readouterr()


def test_good_input(folder, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed, error = call(folder, capsys, num_classes=3)
    assert (code, error) == (0, "")
    assert printed.startswith("VGG16.weights.h5: 26 tensors taken over by tensorpack names; left")
    assert "'conv6/kernel'" in printed
    assert printed.endswith("; unused: fc8.\n")
    model = backbones.build("vgg16", num_classes=3)
    model.load_weights(tmp_path / "VGG16.weights.h5")
    with np.load(folder / "VGG16.npz") as arrays:
        kernel = model.get_layer("conv5_3").kernel
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(kernel), arrays["conv5_3/W"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": None}, "Expected --source=FILE and --architecture=NAME"),
        ({"architecture": None}, "Expected --source=FILE and --architecture=NAME"),
        ({"architecture": "vgg17"}, "did you mean vgg16"),
        ({"architecture": "mobilenet_v1"}, "are Keras files"),
        ({"architecture": "resnet50"}, "none of its 27 tensors"),
        ({"source": "none.npz"}, "No such file"),
        ({"source": "evil.pth"}, "'os.system', which no tensor needs"),
        ({"source": "plain.pth"}, "none that torch.save wrote"),
        ({"source": "text.pth"}, "was expected"),
        ({"source": "wide.npz"}, "of shape (3, 3, 4, 64) does not fit 'conv1_1/kernel' of shape "
         "(3, 3, 3, 64)"),
        ({"names_of": "caffe"}, "No names of 'caffe'"),
        ({"entry": "ema"}, "no dictionary 'ema'"),
        ({"output": "w.pth"}, "ends in .keras or .weights.h5"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_writes_nothing(
    folder, capsys, tmp_path, monkeypatch, changes, words
):
    monkeypatch.chdir(tmp_path)
    code, printed, error = call(folder, capsys, **changes)
    assert (code, printed) == (1, "")
    assert words in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_command_itself(folder, tmp_path):
    started = [sys.executable, "-m", "tfwsol.scripts.convert_checkpoint"]
    given = [f"--source={folder / 'evil.pth'}", "--architecture=vgg16"]
    done = subprocess.run([*started, *given], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "os.system" in done.stderr.splitlines()[-1]
