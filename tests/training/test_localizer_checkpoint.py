"""What may be named as a checkpoint, and one sentence for what may not."""

import os
import pickle

import keras
import numpy as np
import pytest

from tfwsol import methods
from tfwsol.training.localizer_checkpoint import open_checkpoint
from tfwsol.training.training_job import TrainingJob
from tfwsol.training.training_options import TrainingOptions
from tfwsol.training.training_run import TrainingRun


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run, a localizer in a file, a plain classifier, and files that are neither."""
    folder = tmp_path_factory.mktemp("user")
    job = TrainingJob("cam", "critter_net", "critters", folder / "run", resize=40, image_size=32)
    model = job.build_model(3)
    shapes = [list(weight.shape) for weight in model.weights]
    identity = {"options": TrainingOptions().identity(), "model": shapes, "job": job.identity()}
    TrainingRun(folder / "run", identity).save_weights(model, "last.weights.h5")
    methods.build("adl", "critter_net", 3, input_shape=(32, 32, 3)).save(folder / "adl.keras")
    image = keras.Input((16, 16, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(image))
    keras.Model(image, keras.layers.Dense(2)(x)).save(folder / "plain.keras")
    (folder / "names.txt").write_text("x\ny\nz\n")
    (folder / "text.keras").write_text("no archive")
    (folder / "weights.pth").touch()
    (folder / "alone.weights.h5").touch()
    (folder / "empty").mkdir()
    return folder


def test_a_run_gives_everything_by_itself(folder):
    checkpoint = open_checkpoint(folder / "run")
    assert (
        checkpoint.words
        == f"{folder / 'run' / 'last.weights.h5'} (the last epoch; none was scored)"
    )
    assert checkpoint.run.job.method == "cam"
    loaded = checkpoint.load()
    assert loaded.image_size == (32, 32)
    assert loaded.class_names is None
    named = open_checkpoint(folder / "run", class_names=folder / "names.txt")
    assert named.load().class_names == ["x", "y", "z"]
    assert named.identity != checkpoint.identity
    assert open_checkpoint(folder / "run", data_names=list("abc")).load().class_names == list("abc")


def test_a_localizer_in_a_file(folder):
    checkpoint = open_checkpoint(folder / "adl.keras")
    loaded = checkpoint.load()
    assert loaded.model.method == "adl"
    assert loaded.image_size == (32, 32)
    assert "RGB 0..255" in checkpoint.words
    assert checkpoint.thresholds == ()
    assert checkpoint.run is None


def test_any_classifier_with_a_scaling(folder):
    checkpoint = open_checkpoint(folder / "plain.keras", "tf")
    white = np.full((1, 2, 2, 3), 255, np.float32)
    assert checkpoint.load().preprocess(white).max() == 1.0
    assert "'tf'" in checkpoint.words
    assert checkpoint.identity != open_checkpoint(folder / "plain.keras").identity


@pytest.mark.parametrize(("name", "names"), [("plain.keras", "ab"), ("run", "xyz")])
def test_names_may_lie_in_the_home_folder(folder, monkeypatch, tmp_path, name, names):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "names.txt").write_text("\n".join(names))
    checkpoint = open_checkpoint(folder / name, class_names="~/names.txt")
    assert checkpoint.load().class_names == list(names)


def test_code_in_a_file_is_not_run(folder, tmp_path):
    """A Lambda may hold any bytecode; Keras' safe mode refuses it."""
    target = str(tmp_path / "harmed")
    image = keras.Input((4, 4, 3))
    x = keras.layers.Lambda(lambda x: (open(target, "w").close(), x)[1])(image)
    keras.Model(image, x).save(tmp_path / "bad.keras")
    os.unlink(target)
    with pytest.raises(ValueError, match=r"cannot be loaded .*Lambda") as caught:
        open_checkpoint(tmp_path / "bad.keras").load()
    assert "\n" not in str(caught.value)
    assert not os.path.exists(target)


class Harm:
    """Makes a folder when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (self.target,)


def test_a_pickle_is_not_read(tmp_path):
    target = str(tmp_path / "harmed")
    (tmp_path / "bad.keras").write_bytes(pickle.dumps(Harm(target)))
    with pytest.raises(ValueError, match="cannot be loaded"):
        open_checkpoint(tmp_path / "bad.keras").load()
    assert not os.path.exists(target)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("none", {}, "There is no checkpoint .*none; name a directory that scripts/train.py wrote"),
        ("empty", {}, "is no run of scripts/train.py .*is missing"),
        ("alone.weights.h5", {}, "holds weights alone"),
        ("weights.pth", {}, "convert_checkpoint.py"),
        ("text.keras", {}, r"cannot be loaded \(it is no zip archive"),
        ("run", {"preprocess": "tf"}, "leave --preprocess and --image_size out"),
        ("run", {"image_size": (64, 64)}, "leave --preprocess and --image_size out"),
        ("run", {"class_names": "none.txt"}, "Class names cannot be read"),
        ("run", {"class_names": __file__}, "has 3 classes, but"),
        ("plain.keras", {"image_size": (8, 8)}, "leave --image_size out"),
        ("plain.keras", {"class_names": __file__}, "the model has 2 classes"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(folder, name, options, said):
    with pytest.raises(ValueError, match=said) as caught:
        open_checkpoint(folder / name, **options).load()
    assert "\n" not in str(caught.value)
