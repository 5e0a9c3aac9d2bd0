import os

import numpy as np
import pytest
from PIL import Image

from tfwsol import data
from tfwsol.data.photograph import PhotographError
from tfwsol.evaluation.evaluation_job import DatasetSplit
from tfwsol.evaluation.picture_source import DatasetPictures, Photographs

OPTIONS = {"image_size": 48, "train_size": 10, "val_size": 10, "test_size": 10}


@pytest.fixture
def photographs(tmp_path):
    """Three files, one of them broken and one in a folder of its own."""
    paths = [tmp_path / "photos" / name for name in ("a.png", "deep/b.jpg", "c.png")]
    paths[1].parent.mkdir(parents=True)
    Image.new("RGB", (40, 30), "red").save(paths[0])
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30), "red").save(paths[1], exif=exif)
    paths[2].write_bytes(b"\x89PNG no picture")
    return paths


def test_photographs_are_named_below_the_folder_they_share(photographs):
    source = Photographs(photographs, skip_corrupt=True)
    found = list(source.read())
    assert [picture.image_id for picture in found] == ["a.png", "deep/b.jpg", "c.png"]
    assert [None if p.image is None else p.image.shape for p in found] == [
        (30, 40, 3),
        (40, 30, 3),
        None,
    ]
    assert [picture.orientation for picture in found] == [1, 6, 1]
    assert "c.png" in found[2].why
    assert len(source) == 3
    assert source.identity() == {"folder": str(photographs[0].parent)}
    assert [picture.image_id for picture in source.read(1)] == ["deep/b.jpg", "c.png"]


def test_one_photograph_has_its_own_name(photographs):
    assert next(Photographs(photographs[1:2]).read()).image_id == "b.jpg"


def test_a_corrupt_one_stops_the_reading_unless_it_is_to_be_skipped(photographs):
    pictures = Photographs(photographs).read()
    next(pictures)
    next(pictures)
    with pytest.raises(PhotographError, match=r"c\.png .*--on_corrupt=skip"):
        next(pictures)


def test_a_file_is_the_same_until_it_changes(photographs):
    source = Photographs(photographs[:2])
    first = next(source.read())
    assert source.same(0, "a.png", first.state)
    assert not source.same(1, "a.png", first.state)
    assert not source.same(0, "a.png", None)
    os.utime(photographs[0], (1, 1))
    assert not source.same(0, "a.png", first.state)


def test_a_name_that_is_no_text_is_a_corrupt_file(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")
    try:
        Image.new("RGB", (4, 4)).save(path)
    except OSError:
        pytest.skip("this file system has no such names")
    found = list(Photographs([type(tmp_path)(path)], skip_corrupt=True).read())
    assert "not UTF-8" in found[0].why
    assert found[0].image_id == r"\xff.png"


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("data"))
    return DatasetSplit("critters", "test", folder, options=OPTIONS)


def test_a_split_gives_labels_and_true_boxes_in_its_order(split):
    source = DatasetPictures(split)
    found = list(source.read())
    expected = list(data.load("critters", "test", split.data_dir, **OPTIONS).as_numpy_iterator())
    assert len(source) == len(found) == 10
    for picture, example in zip(found, expected, strict=True):
        assert picture.image_id == example["image_id"].decode()
        assert picture.label == example["label"]
        np.testing.assert_array_equal(picture.image, example["image"])
        np.testing.assert_array_equal(picture.true_boxes, example["boxes"])
    assert [p.image_id for p in source.read(7)] == [p.image_id for p in found[7:]]
    assert source.class_names == list(data.critters.CLASS_NAMES)
    assert source.has_labels
    assert source.identity()["split"] == "test"


def test_an_unknown_split_is_named(split):
    with pytest.raises(ValueError, match="There is no split of critters called 'tset'"):
        DatasetPictures(DatasetSplit("critters", "tset", split.data_dir, options=OPTIONS))
