"""The command as a user starts it: from pictures to boxes, and one sentence for errors."""

import json

import keras
import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from PIL import Image

from tfwsol.flags import command
from tfwsol.scripts import evaluate, stnet_localize


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network of two classes, and pictures of them with a file of boxes."""
    folder = tmp_path_factory.mktemp("user")
    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Conv2D(4, 3, 2, "same", activation="relu")(x)
    x = keras.layers.Conv2D(6, 3, 4, "same", activation="relu", name="eight")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    keras.Model(image, keras.layers.Dense(2)(x)).save(folder / "model.keras")
    pixels = np.random.default_rng(0).integers(0, 255, (4, 40, 48, 3), np.uint8)
    lines = ["image,x0,y0,x1,y1"]
    for place, picture in enumerate(pixels):
        name = f"{'ab'[place % 2]}/{place}.png"
        (folder / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / "photos" / name)
        lines.append(f"{name},8,4,40,36")
    (folder / "boxes.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def call(capsys, folder, tmp_path):
    """Exit code, standard output and error of a command in this process."""

    def run(*arguments, script=stnet_localize):
        usual = [f"--model={folder / 'model.keras'}", f"--output_dir={tmp_path / 'out'}"]
        with flagsaver.flagsaver():
            flags.FLAGS(["stnet_localize", *usual, *arguments])
            code = command.guarded(script.main, ["stnet_localize"])
        return code, *capsys.readouterr()

    return run


def data(folder):
    return (
        "--dataset=folder",
        f"--source={folder / 'photos'}",
        f"--boxes={folder / 'boxes.csv'}",
        f"--data_dir={folder / 'data'}",
    )


def test_a_data_set_with_boxes_is_scored_once(call, folder, tmp_path):
    arguments = (*data(folder), "--stnet_drawn=1", "--stnet_collapse=intact")
    code, out, _ = call(*arguments)
    assert code == 0
    assert "IoU 0.75  measured" in out
    assert "4 localized, 0 known from before, 0 skipped" in out
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [number["images"] for number in content["numbers"]] == [4] * 4
    assert content["made"]["--stnet_drawn"] == "1"
    code, again, _ = call(*arguments)
    assert code == 0
    assert "0 localized, 4 known from before" in again


def test_class_hypotheses_of_photographs(call, folder, tmp_path):
    photos = folder / "photos" / "a"
    code, out, _ = call("--mode=ch_viz", f"--image={photos}", "--top_k=2", "--limit=1")
    assert code == 0
    assert "IoU" not in out
    (entry,) = json.loads((tmp_path / "out" / "boxes.json").read_text())["images"]
    assert {found["class_id"] for found in entry["found"]} == {0, 1}
    assert (tmp_path / "out" / entry["overlay"]).is_file()


def test_it_joins_the_other_methods_in_one_report(call, folder, tmp_path):
    methods = "--method=cam,stnet"
    quick = ("--stnet_alpha=0.5", "--step=0.1", "--bootstrap=0", "--examples=0")
    code, _, _ = call(*data(folder), methods, *quick, script=evaluate)
    assert code == 0
    rows = json.loads((tmp_path / "out" / "metrics.json").read_text())["rows"]
    assert {"cam", "stnet"} <= {row["method"] for row in rows}
    assert "STNet" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Expected the pictures as either --image=FILE, DIR or 'GLOB', or --dataset=NAME"),
        (["--image={0}/photos/a", "--dataset=cub"], "but both came"),
        (["--image={0}/photos/a"], "bbox_eval needs true boxes"),
        (["--mode=bbox_viz", "--image={0}/none"], "does not exist"),
        (["--mode=bbox_viz", "--image={0}/photos/a", "--stnet_classes=cat"], "true, predicted, or"),
        (["--mode=bbox_viz", "--image={0}/photos/a", "--stnet_classes=true"], "no true classes"),
        (["--mode=bbox_viz", "--image={0}/photos/a", "--stnet_classes=9"], "class"),
        (["--mode=bbox_viz", "--image={0}/photos/a", "--stnet_modes=dense"], "Expected --stnet_mo"),
        (["--mode=bbox_viz", "--image={0}/photos/a", "--stnet_drawn=few"], "Expected --stnet_draw"),
        (["--mode=bbox_viz", "--image={0}/photos/a", "--layer=none"], "none"),
        (["--mode=ch_viz", "--image={0}/photos/a", "--stnet_collapse=intact"], "collapsed gates"),
    ],
)
def test_what_is_wrong_is_one_sentence(call, folder, tmp_path, arguments, sentence):
    code, _, error = call(*(argument.format(folder) for argument in arguments))
    assert code == 1
    assert sentence in error
    assert "Traceback" not in error
    out = tmp_path / "out"
    assert not out.exists() or not list(out.iterdir())
