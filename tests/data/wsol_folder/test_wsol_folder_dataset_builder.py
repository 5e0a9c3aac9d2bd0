import os
import tarfile

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

import tfwsol
from tfwsol.data import load
from tfwsol.data.pipeline import batches
from tfwsol.data.preparation import prepare as preparation
from tfwsol.data.preparation.record import SourceError
from tfwsol.data.registry import prepare
from tfwsol.data.views import Resize
from tfwsol.data.wsol_folder.wsol_folder_dataset_builder import Config

LABELS = {"b/2.png": 1, "a/1.png": 0}
BOXES = [("a/1.png", 1, 2, 3.25, 4), ("b/2.png", 0, 0, 9, 9), ("a/1.png", 5, 5, 6, 6)]


def read(*args, **options):
    return list(load("folder", *args, **options).as_numpy_iterator())


@pytest.fixture
def no_preparation(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the data set was prepared again")

    return lambda: monkeypatch.setattr(preparation, "write_shard", refuse)


def test_the_name_is_known():
    assert "folder" in tfwsol.data.names()


def test_pictures_boxes_and_labels_come_out_as_they_went_in(
    pictures, metadata, tmp_path, no_preparation, capfd
):
    source, boxes = pictures("a/1.png", "b/2.png"), metadata("test", LABELS, BOXES)
    options = {"data_dir": tmp_path / "data", "source": source, "boxes": boxes}
    first, second = read("test", **options)
    assert first["image_id"] == b"b/2.png"
    assert first["label"] == 1
    np.testing.assert_array_equal(second["image"], Image.open(source / "a/1.png"))
    np.testing.assert_array_equal(second["boxes"], [[1, 2, 3.25, 4], [5, 5, 6, 6]])
    assert second["boxes"].dtype == np.float32
    no_preparation()
    capfd.readouterr()
    assert len(read("test", **options)) == 2
    assert capfd.readouterr().out == ""


def test_every_kind_of_picture(pictures, tmp_path):
    source = pictures("a/1.png")
    (source / "b").mkdir()
    picture = Image.open(source / "a/1.png")
    picture.convert("L").save(source / "b/grey.jpg")
    picture.convert("CMYK").save(source / "b/cmyk.jpg")
    picture.convert("P").save(source / "b/palette.gif")
    picture.save(source / "b/web.webp", lossless=True)
    picture.save(source / "b/wrong.jpg", format="png")
    found = {example["image_id"].decode(): example for example in read("test", tmp_path, source)}
    assert len(found) == 6
    for example in found.values():
        assert example["image"].shape == (20, 30, 3)
        assert example["image"].dtype == np.uint8
        assert example["boxes"].shape == (0, 4)
    for name in ("b/web.webp", "b/wrong.jpg"):
        np.testing.assert_array_equal(found[name]["image"], found["a/1.png"]["image"])


def test_splits(pictures, tmp_path):
    source = pictures("train/a/1.png", "train/b/2.png", "val/a/3.png")
    assert [example["label"] for example in read("train", tmp_path, source)] == [0, 1]
    assert [example["label"] for example in read("val", tmp_path, source)] == [0]
    with pytest.raises(ValueError, match="no split of folder as prepared"):
        load("folder", "test", tmp_path, source)


def test_a_changed_folder_is_prepared_anew(pictures, tmp_path):
    source = pictures("a/1.png", "b/2.png")
    assert len(read("test", tmp_path / "data", source)) == 2
    (source / "a/1.png").rename(source / "b/1.png")
    assert [example["label"] for example in read("test", tmp_path / "data", source)] == [0, 0]


def test_the_name_of_a_configuration_tells_states_apart(pictures, tmp_path):
    source = pictures("a/1.png")
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("image,x0,y0,x1,y1\na/1.png,1,2,3,4\n")
    found = [Config(source=source), Config(source=source, boxes=boxes)]
    found.append(Config(source=source, labels="folders"))
    os.utime(boxes, (1, 1))
    found.append(Config(source=source, boxes=boxes))
    (source / "notes.txt").write_text("changes nothing")
    assert Config(source=source).name == found[0].name
    assert len({config.name for config in found}) == 4
    assert all(config.name.startswith("source_") for config in found)


def test_what_else_lies_in_a_folder_of_boxes_does_not_matter(pictures, metadata):
    source, boxes = pictures("a/1.png"), metadata("test", {"a/1.png": 0})
    before = Config(source=source, boxes=boxes).name
    (boxes / "notes.md").write_text("changes nothing")
    assert Config(source=source, boxes=boxes).name == before
    (boxes / "localization.txt").write_text("a/1.png,1,2,3,4")
    assert Config(source=source, boxes=boxes).name != before


def test_missing_pictures_are_refused_or_accepted(pictures, metadata, tmp_path):
    source, boxes = pictures("a/1.png"), metadata("test", LABELS, BOXES)
    options = {"data_dir": tmp_path / "data", "boxes": boxes}
    with pytest.raises(SourceError, match=r"test has 1 picture instead of 2.*b/2\.png"):
        load("folder", "test", source=source, **options)
    summary = prepare("folder", source, on_wrong_count="accept", **options)
    assert summary.splits["test"].images == 1
    assert any("b/2.png" in note for note in summary.notes)
    assert len(read("test", source=source, **options)) == 1


def test_corrupt_pictures_are_refused_and_nothing_is_left(pictures, tmp_path):
    source = pictures("a/1.jpg", "a/2.jpg")
    (source / "a/2.jpg").write_bytes((source / "a/2.jpg").read_bytes()[:300])
    with pytest.raises(SourceError, match=r"a/2\.jpg"):
        load("folder", "test", tmp_path / "data", source)
    summary = prepare("folder", source, tmp_path / "data", on_corrupt="skip")
    assert list(summary.skipped) == ["a/2.jpg"]
    assert len(read("test", tmp_path / "data", source)) == 1


def test_an_archive_is_a_source(pictures, tmp_path):
    source = pictures("a/1.png", "b/2.png")
    with tarfile.open(tmp_path / "all.tgz", "w:gz") as archive:
        archive.add(source, ".")
    found = read("test", tmp_path / "data", tmp_path / "all.tgz")
    assert [example["image_id"] for example in found] == [b"a/1.png", b"b/2.png"]


def test_plain_tfds_opens_what_was_prepared(pictures, tmp_path):
    summary = prepare("folder", pictures("a/1.png", "b/2.png"), tmp_path / "data")
    builder = tfds.builder_from_directory(summary.folder)
    assert builder.name == "wsol_folder"
    assert builder.info.features["label"].names == ["a", "b"]
    assert len(builder.as_dataset("test")) == 2


def test_files_are_decoded_on_the_way_if_they_are_not_before(pictures, tmp_path):
    source = pictures("a/1.png", "a/2.jpg")
    encoded = load("folder", "test", tmp_path / "data", source, decode=False)
    assert encoded.element_spec["image"].dtype == tf.string
    (late,) = batches(encoded, Resize(20), 4)
    (early,) = batches(load("folder", "test", tmp_path / "data", source), Resize(20), 4)
    np.testing.assert_array_equal(late["image"], early["image"])


def test_a_source_is_needed(tmp_path):
    with pytest.raises(SourceError, match="needs a source"):
        load("folder", "test", tmp_path)
    with pytest.raises(SourceError, match="does not exist"):
        load("folder", "test", tmp_path, tmp_path / "none")


def test_unknown_ways_to_label(pictures):
    with pytest.raises(ValueError, match="labels is one of auto, folders, boxes"):
        Config(source=pictures("a/1.png"), labels="names")
