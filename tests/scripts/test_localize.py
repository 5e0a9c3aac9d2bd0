"""The command as a user starts it: from a trained run to boxes, and one sentence for errors."""

import csv
import json
import pathlib
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from PIL import Image

from tfwsol import data
from tfwsol.data import registry
from tfwsol.flags import command
from tfwsol.scripts import localize
from tfwsol.training.training_job import TrainingJob
from tfwsol.training.training_options import TrainingOptions
from tfwsol.training.training_run import TrainingRun

ROOT = pathlib.Path(__file__).parents[2]
SIZES = {"train_size": 10, "val_size": 10, "test_size": 10, "image_size": 48}
NAMES = list(data.critters.CLASS_NAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The directory of a run whose weights are random, photographs, and what is neither."""
    folder = tmp_path_factory.mktemp("user")
    data.prepare("critters", None, folder / "data", **SIZES)
    job = TrainingJob(
        "adl",
        "critter_net",
        "critters",
        folder / "run",
        data_options=SIZES,
        resize=50,
        image_size=48,
    )
    keras.utils.set_random_seed(0)
    model = job.build_model(10)
    shapes = [list(weight.shape) for weight in model.weights]
    identity = {"options": TrainingOptions().identity(), "model": shapes, "job": job.identity()}
    run = TrainingRun(folder / "run", identity, about={"class_names": NAMES})
    run.save_weights(model, "best.weights.h5")
    run.metrics = {
        "best_epoch": 1,
        "chosen": "highest wsoleval MaxBoxAccV2 on val",
        "selected_on": "val",
        "best": {"val": {"wsoleval MaxBoxAccV2": 1.0, "wsoleval threshold": 0.37}},
        "finished": True,
    }
    run.save_metrics()
    shutil.copytree(folder / "run", folder / "unweighed")
    (folder / "unweighed" / "best.weights.h5").unlink()
    model.save(folder / "model.keras")
    photos = folder / "photos"
    photos.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (3, 60, 80, 3), np.uint8)
    for place, picture in enumerate(pixels):
        Image.fromarray(picture).save(photos / f"{place}.png")
    (folder / "none").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken" / "a.jpg").write_bytes(b"\xff\xd8 no jpeg")
    shutil.copy(photos / "0.png", folder / "broken" / "b.png")
    return folder


@pytest.fixture
def call(capsys, folder, tmp_path):
    """Exit code, standard output and error of the command in this process."""

    def run(*arguments):
        usual = {"--checkpoint": folder / "run", "--output_dir": tmp_path / "out"}
        given = {argument.partition("=")[0] for argument in arguments}
        usual = [f"{name}={value}" for name, value in usual.items() if name not in given]
        with flagsaver.flagsaver():
            flags.FLAGS(["localize", *usual, *arguments])
            code = command.guarded(localize.main, ["localize"])
        return code, *capsys.readouterr()

    return run


def written(folder):
    return json.loads((folder / "boxes.json").read_text())


def test_a_split_with_the_options_and_the_threshold_of_the_run(call, folder, tmp_path):
    given = "--dataset=critters", f"--data_dir={folder / 'data'}", "--split=test", "--overlays=2"
    code, out, _ = call(*given)
    assert code == 0
    assert "best.weights.h5 (epoch 1: highest wsoleval MaxBoxAccV2 on val)" in out
    assert "Rule wsoleval, threshold 0.37: best on the val split of the run's own data" in out
    assert "10 localized, 0 known from before, 0 skipped" in out
    content = written(tmp_path / "out")
    assert len(content["images"]) == 10
    assert content["made"]["--dataset"] == "critters"
    assert {e["found"][0]["class_name"] for e in content["images"]} <= set(NAMES)
    code, again, _ = call(*given)
    assert code == 0
    assert "0 localized, 10 known from before" in again
    code, out, _ = call(*given, "--classes=true", "--threshold=0.5", "--contours=all")
    assert "threshold 0.5: as given by --threshold" in out
    images = written(tmp_path / "out")["images"]
    assert [e["found"][0]["class_id"] for e in images] == [e["label"] for e in images]


def test_photographs_come_back_as_a_folder_data_set(call, folder, tmp_path):
    photos = folder / "photos"
    code, out, _ = call(f"--image={photos}", "--classes=4,7", "--rule=tscam", "--overlays=none")
    assert code == 0
    assert "Rule tscam, threshold 0.12: published for such maps" in out
    content = written(tmp_path / "out")
    assert [e["image_id"] for e in content["images"]] == ["0.png", "1.png", "2.png"]
    for name in ("boxes.csv", "coco.json"):
        where = {"source": photos, "boxes": tmp_path / "out" / name, "data_dir": tmp_path / "data"}
        found = registry.load("folder", "test", **where).as_numpy_iterator()
        names = registry.facts("folder", **where).class_names
        for example, entry in zip(found, content["images"], strict=True):
            assert example["image_id"].decode() == entry["image_id"]
            # Of several classes a data set takes that of the largest box.
            own = [f["boxes"] for f in entry["found"] if f["class_name"] == names[example["label"]]]
            np.testing.assert_allclose(example["boxes"], own[0], atol=1e-4)


def test_a_saved_localizer_and_a_glob(call, folder, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("\n".join(NAMES))
    code, out, _ = call(
        f"--checkpoint={folder / 'model.keras'}",
        f"--image={folder}/photos/[01].png",
        f"--class_names={names}",
        "--top_k=2",
    )
    assert code == 0
    assert "images go in as RGB 0..255" in out
    assert "threshold 0.2: published for such maps; the checkpoint records none" in out
    with (tmp_path / "out" / "boxes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert {row["label"] for row in rows} <= set(NAMES)


def test_corrupt_photographs_are_refused_or_named(call, folder, tmp_path):
    code, _, error = call(f"--image={folder / 'broken'}")
    assert code == 1
    assert "a.jpg" in error
    assert "--on_corrupt=skip" in error
    code, out, error = call(f"--image={folder / 'broken'}", "--on_corrupt=skip")
    assert code == 0
    assert "Skipped: " in error
    assert "a.jpg" in error
    assert "1 localized, 0 known from before, 1 skipped" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--checkpoint=", "--image={photos}/0.png"], "Expected --checkpoint=RUN"),
        (["--checkpoint={none}/x", "--image={photos}/0.png"], "There is no checkpoint"),
        (["--checkpoint={none}", "--image={photos}/0.png"], "is no run of scripts/train.py"),
        (["--checkpoint={unweighed}", "--image={photos}/0.png"], "has no weights yet"),
        (["--checkpoint={photos}/0.png", "--image={photos}/0.png"], "nor a .keras file"),
        (["--image={none}"], "holds no image files"),
        (["--image={none}/a.png"], "does not exist"),
        ([], "Expected the pictures as either --image=FILE, DIR or 'GLOB', or --dataset=NAME"),
        (["--image={photos}", "--dataset=critters"], "but both came"),
        (["--dataset=cars"], "known: critters, cub, folder"),
        (["--dataset=critters", "--data_dir={data}", "--split=tset"], "called 'tset'"),
        (["--image={photos}", "--classes=10"], "has 10 classes, 0 to 9, but class 10 was asked"),
        (["--image={photos}", "--classes=cat"], "Expected --classes=predicted, true, or ids"),
        (["--image={photos}", "--classes=3²"], "Expected --classes=predicted, true, or ids"),
        (["--image={photos}", "--classes=true"], "Photographs have no true classes"),
        (["--image={photos}", "--top_k=11"], "--top_k=11 was asked for"),
        (["--image={photos}", "--overlays=some"], "Expected --overlays=all, none or a number"),
        (["--image={photos}", "--model=ResNet50"], "--model has no meaning here"),
        (["--image={photos}", "--preprocess=tf"], "leave --preprocess and --image_size out"),
        (["--image={photos}", "--threshold=1"], "from 0 to below 1"),
        (["--image={photos}", "--output_dir={photos}/0.png"], "name a folder"),
        (["--image={photos}", "--output_dir=/proc/none"], "name another one with --output_dir"),
    ],
)
def test_what_is_wrong_is_one_sentence(call, folder, tmp_path, arguments, sentence):
    places = {path.name: path for path in folder.iterdir() if path.is_dir()}
    code, _, error = call(*(argument.format(**places) for argument in arguments))
    assert code == 1
    assert sentence in error
    assert error.splitlines()[-1].startswith("localize: ")
    assert "Traceback" not in error
    out = tmp_path / "out"
    assert not out.exists() or not list(out.iterdir())


def test_the_script_lists_its_flags():
    run = subprocess.run(
        [sys.executable, ROOT / "scripts" / "localize.py", "--help"], capture_output=True, text=True
    )
    for name in ("--checkpoint", "--image", "--dataset", "--split", "--classes", "--top_k"):
        assert name in run.stdout
    for name in ("--rule", "--threshold", "--contours", "--overlays", "--data_options"):
        assert name in run.stdout
    assert "--epochs" not in run.stdout
