"""A classifier that sees red as class 1 and green as class 0, exactly where they are."""

import csv
import json

import keras
import numpy as np
import pytest
from PIL import Image

from tfwsol import methods
from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.evaluation.found_boxes import found_boxes
from tfwsol.evaluation.localize_pictures import localize_pictures
from tfwsol.evaluation.localize_settings import LocalizeSettings
from tfwsol.evaluation.picture_source import Photographs, Picture

HALF = LocalizeSettings("bas", 0.5)
BOX = (16, 8, 48, 40)


def colours():
    image = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(2, 1, use_bias=False, name="colours")(image)
    x = keras.layers.ReLU(name="map")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(2, use_bias=False, name="head")(x))
    model.get_layer("colours").set_weights([np.float32([[[[0, 1], [1, 0], [0, 0]]]]) / 255])
    model.get_layer("head").set_weights([np.eye(2, dtype=np.float32)])
    return TrainedClassifier(model, "colours", np.asarray, "none", (32, 32), ["green", "red"])


@pytest.fixture(scope="module")
def classifier():
    return colours()


def square(channel=0, size=(64, 64), box=BOX):
    picture = np.zeros((*size, 3), np.uint8)
    x0, y0, x1, y1 = box
    picture[y0:y1, x0:x1, channel] = 255
    return picture


@pytest.fixture
def photos(tmp_path):
    """Five squares, red but for the second one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for place in range(5):
        Image.fromarray(square(int(place == 1))).save(folder / f"{place}.png")
    return sorted(folder.iterdir())


@pytest.fixture
def localize(tmp_path, classifier):
    """Runs it and counts how often the model was asked for."""
    loads = []

    def load():
        loads.append(1)
        return classifier

    def run(source, settings=HALF, folder="out", **options):
        source = Photographs(source) if isinstance(source, list) else source
        summary = localize_pictures(source, load, settings, tmp_path / folder, **options)
        return summary, json.loads((tmp_path / folder / "boxes.json").read_text())

    run.loads = loads
    return run


class Labelled:
    """Pictures with labels, as a data set gives them."""

    has_labels, words = True, "three pictures"

    def __init__(self, stop=None):
        self._stop = stop

    def __len__(self):
        return 3

    def identity(self):
        return {"dataset": "three"}

    def same(self, place, image_id, state):
        return True

    def read(self, start=0):
        for place in range(start, 3):
            if place == self._stop:
                raise KeyboardInterrupt
            yield Picture(f"test/{place}", square(place % 2), place % 2, np.float32([BOX]))


def boxes_of(content):
    return [[found["boxes"] for found in entry["found"]] for entry in content["images"]]


def test_boxes_lie_where_the_colour_is(localize, photos, tmp_path):
    summary, content = localize(photos, batch_size=2, made={"seed": 3})
    assert (summary.localized, summary.known, summary.skipped) == (5, 0, {})
    np.testing.assert_allclose(boxes_of(content), [[[BOX]]] * 5, atol=0.6)
    found = [entry["found"][0] for entry in content["images"]]
    assert [(one["class_id"], one["class_name"]) for one in found] == [
        (0, "green") if place == 1 else (1, "red") for place in range(5)
    ]
    # A quarter of the cells is 1, so the logits are 1/4 and 0.
    assert found[0]["score"] == pytest.approx(1 / (1 + np.exp(-0.25)), abs=1e-5)
    assert content["images"][0]["threshold"] == 0.5
    assert content["images"][0]["rule"] == "bas"
    assert (content["images"][0]["height"], content["images"][0]["width"]) == (64, 64)
    assert content["made"] == {"seed": 3}
    assert "threshold 0.5: as given" in summary.about[0]
    with (tmp_path / "out" / "boxes.csv").open(newline="") as file:
        assert [row["image"] for row in csv.DictReader(file)] == [f"{k}.png" for k in range(5)]
    coco = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert [category["name"] for category in coco["categories"]] == ["green", "red"]
    assert len(coco["annotations"]) == 5
    assert len(list((tmp_path / "out" / "overlays").glob("*.png"))) == 5
    assert "<img" in (tmp_path / "out" / "report.html").read_text()


def test_a_finished_run_does_not_load_the_model(localize, photos, tmp_path):
    localize(photos)
    before = (tmp_path / "out" / "boxes.json").stat().st_mtime_ns
    summary, _ = localize(photos)
    assert (summary.localized, summary.known) == (0, 5)
    assert len(localize.loads) == 1
    assert (tmp_path / "out" / "boxes.json").stat().st_mtime_ns == before
    (photos[3].parent / "9.png").write_bytes(photos[1].read_bytes())
    summary, content = localize([*photos, photos[3].parent / "9.png"])
    assert (summary.localized, summary.known) == (1, 5)
    assert [entry["image_id"] for entry in content["images"]][-1] == "9.png"


def test_a_run_that_is_stopped_goes_on_and_ends_as_if_it_had_not_been(localize):
    _, whole = localize(Labelled(), folder="whole", batch_size=1)
    with pytest.raises(KeyboardInterrupt):
        localize(Labelled(stop=2), batch_size=1)
    summary, content = localize(Labelled(), batch_size=1)
    assert (summary.localized, summary.known) == (1, 2)
    assert content["images"] == whole["images"]


def test_the_size_of_batches_changes_nothing(localize, photos):
    _, one = localize(photos, folder="one", batch_size=1)
    _, three = localize(photos, folder="three", batch_size=3)
    assert one["images"] == three["images"]


def test_true_classes_and_listed_ones(localize):
    """The label is the other colour, of which the picture has nothing."""
    settings = LocalizeSettings("bas", 0.5, classes="true")
    summary, content = localize(Labelled(), settings)
    assert [entry["found"][0]["class_id"] for entry in content["images"]] == [0, 1, 0]
    assert boxes_of(content) == [[[]]] * 3
    assert summary.boxless == ["test/0", "test/1", "test/2"]
    assert [entry["label"] for entry in content["images"]] == [0, 1, 0]
    _, content = localize(Labelled(), LocalizeSettings("bas", 0.5, classes=(1, 0)), "ids")
    assert [[f["class_id"] for f in e["found"]] for e in content["images"]] == [[1, 0]] * 3
    assert [[len(b) for b in boxes] for boxes in boxes_of(content)] == [[1, 0], [0, 1], [1, 0]]
    _, content = localize(Labelled(), LocalizeSettings("bas", 0.5, top_k=2), "two")
    ids = [[found["class_id"] for found in entry["found"]] for entry in content["images"]]
    assert ids == [[1, 0], [0, 1], [1, 0]]


def test_a_photograph_that_lies_on_its_side_has_boxes_in_the_pixels_of_the_file(localize, tmp_path):
    box = (10, 4, 30, 20)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    Image.fromarray(square(0, (40, 80), box)).save(path, exif=exif)
    _, content = localize([path])
    entry = content["images"][0]
    assert (entry["height"], entry["width"], entry["orientation"]) == (40, 80, 6)
    np.testing.assert_allclose(entry["found"][0]["boxes"], [box], atol=1.3)


def test_a_localizer_is_asked_for_its_own_maps(localize, tmp_path, photos):
    keras.utils.set_random_seed(0)
    model = methods.build("acol", "critter_net", 3, input_shape=(32, 32, 3))
    asked = TrainedClassifier(model, "acol", np.asarray, "none", (32, 32), None)
    source, rule = Photographs(photos[:1]), LocalizeSettings("tscam", 0.4)
    localize_pictures(source, lambda: asked, rule, tmp_path / "acol")
    content = json.loads((tmp_path / "acol" / "boxes.json").read_text())
    view = np.asarray(Image.open(photos[0]).resize((32, 32), Image.Resampling.BILINEAR))
    result = model.localize(view[None].astype(np.float32))
    found = content["images"][0]["found"][0]
    assert found["class_id"] == int(np.asarray(result.class_ids)[0, 0])
    expected = found_boxes(np.asarray(result.maps), [(64, 64)], "tscam", 0.4)[0][0]
    np.testing.assert_allclose(found["boxes"], expected, atol=0.01)
    assert found["class_name"] == f"class {found['class_id']}"


def test_overlays_may_be_few_or_none(localize, photos, tmp_path):
    localize(photos, folder="few", overlays=2)
    assert len(list((tmp_path / "few" / "overlays").iterdir())) == 2
    localize(photos, folder="none", overlays=0)
    assert not (tmp_path / "none" / "overlays").exists()
    summary, _ = localize(photos, folder="few", overlays=3)
    assert (summary.localized, summary.known) == (3, 2)


def test_corrupt_photographs_are_named_and_left_out(localize, photos, tmp_path):
    photos[2].write_bytes(b"no picture")
    source = Photographs(photos, skip_corrupt=True)
    summary, content = localize(source, skip_corrupt=True)
    assert list(summary.skipped) == ["2.png"]
    assert summary.localized == 4
    assert len(content["images"]) == 5
    assert "2.png" not in (tmp_path / "out" / "boxes.csv").read_text()
    assert "Left out" in (tmp_path / "out" / "report.html").read_text()
    again, _ = localize(source, skip_corrupt=True)
    assert (again.localized, again.known, list(again.skipped)) == (0, 4, ["2.png"])
    with pytest.raises(ValueError, match="on_corrupt=skip"):
        localize(Photographs(photos))
    with pytest.raises(ValueError, match="None of 1 pictures can be read"):
        localize(Photographs(photos[2:3], skip_corrupt=True), folder="bad", skip_corrupt=True)
    assert not list((tmp_path / "bad").iterdir())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (LocalizeSettings("bas", 0.5, classes=(2,)), "has 2 classes, 0 to 1, but class 2 was"),
        (LocalizeSettings("bas", 0.5, top_k=3), "--top_k=3 was asked for"),
        (LocalizeSettings("bas", 0.5, classes="true"), "Photographs have no true classes"),
    ],
)
def test_what_the_model_does_not_have_is_said_before_anything_is_written(
    localize, photos, tmp_path, settings, said
):
    with pytest.raises(ValueError, match=said):
        localize(photos, settings)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rule": "stnet"}, "Expected a rule out of wsoleval, adl, tscam, bas"),
        ({"contours": "some"}, "contours out of largest, all"),
        ({"threshold": 1.0}, "from 0 to below 1"),
        ({"contours": "all"}, "one box per map"),
        ({"classes": (1,), "top_k": 2}, "--top_k says how many predicted classes"),
    ],
)
def test_settings_that_cannot_be(changes, said):
    with pytest.raises(ValueError, match=said):
        LocalizeSettings(**{"rule": "bas", "threshold": 0.5, **changes})


def test_a_model_without_class_maps_is_refused_with_another_way(localize, photos, tmp_path):
    image = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(2, 3)(image)
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    dense = TrainedClassifier(model, "dense", np.asarray, "none", (32, 32), None)
    with pytest.raises(ValueError, match=r"CAM needs a layer .*l2caf_visualize\.py"):
        localize_pictures(Photographs(photos), lambda: dense, HALF, tmp_path / "out")
