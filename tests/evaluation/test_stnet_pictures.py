"""A classifier that sees red as class 1 and green as class 0, exactly where they are."""

import csv
import json

import keras
import numpy as np
import pytest
from PIL import Image

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.data.photograph import read_image
from tfwsol.evaluation.picture_source import Photographs, Picture
from tfwsol.evaluation.stnet_pictures import stnet_pictures
from tfwsol.evaluation.stnet_settings import STNetSettings

BOX = (32, 8, 64, 40)
IN_VIEW = [12, 4, 27, 19]  # of 64 × 80 pixels 8 columns on each side are cut; half of the rest
VIEW = [8, 0, 72, 64]
OVERLAP = 256 / 289  # both ends of the true box count, and the 17th pixel is not red


def network(inputs):
    x = keras.layers.Conv2D(2, 1, use_bias=False, name="colours")(inputs)
    x = keras.layers.ReLU(name="map")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False, name="head")(x))
    model.get_layer("colours").set_weights([np.float32([[[[0, 1], [1, 0], [0, 0]]]]) / 255])
    model.get_layer("head").set_weights([np.eye(2, dtype=np.float32)])
    return model


@pytest.fixture(scope="module")
def classifier():
    model = network(keras.Input((32, 32, 3)))
    return TrainedClassifier(model, "colours", np.asarray, "none", (32, 32), ["green", "red"])


def square(channel, box=BOX, size=(64, 80)):
    picture = np.zeros((*size, 3), np.uint8)
    x0, y0, x1, y1 = box
    picture[y0:y1, x0:x1, channel] = 255
    return picture


class Labelled:
    """Four squares as a data set gives them: red, green, red called green, red without a box."""

    has_labels, words = True, "four pictures"

    def __init__(self, stop=None):
        self._stop = stop

    def __len__(self):
        return 4

    def identity(self):
        return {"dataset": "four"}

    def same(self, place, image_id, state):
        return True

    def read(self, start=0):
        for place in range(start, 4):
            if place == self._stop:
                raise KeyboardInterrupt
            boxes = np.float32([BOX] if place < 3 else np.zeros((0, 4)))
            yield Picture(f"{place}", square(int(place == 1)), (1, 0, 0, 1)[place], boxes)


@pytest.fixture
def run(tmp_path, classifier):
    """Runs it and counts how often the model was asked for."""
    loads = []

    def load():
        loads.append(1)
        return classifier

    def run(source, settings, folder="out", **options):
        identity = {"model": "colours"}
        summary = stnet_pictures(source, load, settings, tmp_path / folder, identity, **options)
        return summary, json.loads((tmp_path / folder / "boxes.json").read_text())["images"]

    run.loads = loads
    return run


def numbers(folder):
    content = json.loads((folder / "metrics.json").read_text())
    return {number["name"]: (number["value"], number["images"]) for number in content["numbers"]}


def test_boxes_of_true_classes_and_their_score(run, tmp_path):
    summary, images = run(Labelled(), STNetSettings(), batch_size=3, made={"seed": 3})
    assert (summary.done, summary.known, summary.skipped) == (4, 0, {})
    found = [entry["found"][0] for entry in images]
    assert [one["class_id"] for one in found] == [1, 0, 0, 1]
    assert [one["box_in_view"] for one in found] == [IN_VIEW, IN_VIEW, [0, 0, 1, 1], IN_VIEW]
    # The gate of a class without a positive product is dropped.
    assert summary.boxless == ["2"]
    assert [one["boxes"] for one in found] == [[list(BOX)]] * 2 + [[], [list(BOX)]]
    assert [one["iou"] for one in found] == [pytest.approx(OVERLAP)] * 2 + [0.0, None]
    assert images[0]["view"] == VIEW
    assert [entry["predicted"] for entry in images] == [1, 0, 1, 1]
    located = (pytest.approx(200 / 3), 3)
    levels = {f"IoU {level}": located for level in (0.25, 0.5, 0.75)}
    assert numbers(tmp_path / "out") == {**levels, "Label top-1": (75.0, 4)}
    assert "colours" in summary.table
    assert "66.67" in summary.table
    with (tmp_path / "out" / "boxes.csv").open(newline="") as file:
        assert [row["image"] for row in csv.DictReader(file)] == ["0", "1", "2", "3"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Overlaps of 0.5 and more" in page
    assert "Overlaps below 0.5" in page
    again, _ = run(Labelled(), STNetSettings())
    assert (again.done, again.known) == (0, 4)
    assert again.table == summary.table
    assert len(run.loads) == 1
    (tmp_path / "out" / "metrics.json").unlink()
    run(Labelled(), STNetSettings())
    assert numbers(tmp_path / "out") == {**levels, "Label top-1": (75.0, 4)}


def test_boxes_of_predicted_classes(run, tmp_path):
    run(Labelled(), STNetSettings(classes="predicted"))
    assert numbers(tmp_path / "out")["IoU 0.75"] == (100.0, 3)


def test_other_methods_by_the_same_rule(run, tmp_path):
    """CAM of this network is the picture of the colour itself, at the size of the view."""
    summary, images = run(Labelled(), STNetSettings(beside=("cam",)))
    assert [entry["beside"]["cam"] for entry in images] == [
        entry["found"][0]["iou"] for entry in images
    ]
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert content["beside"]["cam"] == content["numbers"]
    assert "colours, CAM" in summary.table


def test_gates_that_stay_apart(run):
    _, images = run(Labelled(), STNetSettings(collapse="intact"), limit=1)
    assert images[0]["found"][0]["box_in_view"] == IN_VIEW


def test_a_run_that_is_stopped_goes_on_and_ends_as_if_it_had_not_been(run, tmp_path):
    _, whole = run(Labelled(), STNetSettings(), "whole", batch_size=1)
    with pytest.raises(KeyboardInterrupt):
        run(Labelled(stop=2), STNetSettings(), batch_size=1)
    assert not (tmp_path / "out" / "metrics.json").exists()
    summary, images = run(Labelled(), STNetSettings(), batch_size=1)
    assert (summary.done, summary.known) == (2, 2)
    assert images == whole
    assert numbers(tmp_path / "out") == numbers(tmp_path / "whole")


def test_only_the_first_ones(run):
    summary, images = run(Labelled(), STNetSettings(), limit=2, drawn=1)
    assert (summary.done, len(images)) == (2, 2)
    assert ["overlay" in entry for entry in images] == [True, False]
    assert summary.about[0].startswith("2 of four pictures")


def test_two_classes_of_photographs_with_two_objects(run, tmp_path):
    """A red square on the left and a green one on the right: each class has its own box."""
    picture = square(0, (4, 4, 24, 24), (64, 64)) + square(1, (36, 40, 60, 60), (64, 64))
    Image.fromarray(picture).save(tmp_path / "both.png")
    source = Photographs([tmp_path / "both.png"])
    settings = STNetSettings("bbox_viz", (1, 0))
    summary, images = run(source, settings)
    assert summary.table == ""
    assert not (tmp_path / "out" / "metrics.json").exists()
    found = images[0]["found"]
    assert [one["class_name"] for one in found] == ["red", "green"]
    assert [one["boxes"] for one in found] == [[[4, 4, 24, 24]], [[36, 40, 60, 60]]]
    assert found[0]["iou"] is None


def test_class_hypotheses_are_drawn_over_the_view(run, tmp_path):
    source = Photographs([tmp_path / "red.png"])
    Image.fromarray(square(0)).save(tmp_path / "red.png")
    _, images = run(source, STNetSettings("ch_viz", (1,), stop_layer="map"))
    drawn = read_image(tmp_path / "out" / images[0]["overlay"])
    # jet is full of red only where the gates are.
    strong = (drawn[..., 0] > 200) & (drawn[..., 1] < 80) & (drawn[..., 2] < 80)
    assert strong.any()
    assert "adds its gate" in (tmp_path / "out" / "report.html").read_text()


def test_what_does_not_fit_is_refused(run, classifier, tmp_path):
    Image.fromarray(square(0)).save(tmp_path / "red.png")
    photo = Photographs([tmp_path / "red.png"])
    with pytest.raises(ValueError, match="bbox_eval needs true boxes"):
        run(photo, STNetSettings())
    with pytest.raises(ValueError, match="Photographs have no true classes"):
        run(photo, STNetSettings("bbox_viz"))
    with pytest.raises(ValueError, match="name the layer to stop at"):
        run(photo, STNetSettings("ch_viz", "predicted"))
    foreign = Labelled()
    foreign.class_names = ["cat", "dog", "owl"]
    with pytest.raises(ValueError, match="The data has 3 classes"):
        run(foreign, STNetSettings())
    boxless = Labelled()
    boxless.read = lambda start=0: iter([Picture("0", square(0), 1)])
    with pytest.raises(ValueError, match="the data has none"):
        run(boxless, STNetSettings())
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    broken = Photographs([tmp_path / "broken.png"], skip_corrupt=True)
    with pytest.raises(ValueError, match="None of 1 pictures can be read"):
        run(broken, STNetSettings("bbox_viz", "predicted"))
    wide = network(keras.Input((32, 48, 3)))
    wide = TrainedClassifier(wide, "wide", np.asarray, "none", (32, 48), None)
    with pytest.raises(ValueError, match="STNet's view is square"):
        stnet_pictures(Labelled(), lambda: wide, STNetSettings(), tmp_path / "wide")
