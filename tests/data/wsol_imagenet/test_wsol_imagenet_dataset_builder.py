import io
import tarfile

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tfwsol.data import imagenet_class_names, load, prepare
from tfwsol.data.preparation.record import SourceError

EXPECTED = {
    "train": [
        ("train/n01440764/n01440764_10026.JPEG", 0, [[2, 1, 9, 8]]),
        ("train/n01440764/n01440764_36.JPEG", 0, []),
        ("train/n01443537/n01443537_16.JPEG", 1, []),
        ("train/n01443537/n01443537_2.JPEG", 1, []),
    ],
    "val": [
        ("val2/2/0.jpeg", 2, [[7, 7, 8, 8]]),
        ("val2/0/0.jpeg", 0, [[0, 0, 15, 11], [4, 4, 6, 6]]),
        ("val2/0/1.jpeg", 0, [[2, 3, 4, 5]]),
        ("val2/10/0.jpeg", 10, [[1, 2, 9, 10]]),
    ],
    "test": [
        ("val/ILSVRC2012_val_00000001.JPEG", 65, [[1, 2, 8, 9], [0, 0, 15, 11]]),
        ("val/ILSVRC2012_val_00000002.JPEG", 999, [[3, 3, 3, 3]]),
        ("val/ILSVRC2012_val_00000003.JPEG", 0, [[5, 4, 16, 12]]),
    ],
}


def members(data):
    """The files of a tar by name."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames()}


@pytest.mark.parametrize("layout", ["archives", "folders"])
def test_all_splits_from_the_official_files(layout, request, tmp_path):
    source = request.getfixturevalue(layout)
    summary = prepare("imagenet", source, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert [split.images for split in summary.splits.values()] == [4, 4, 3]
    assert len(summary.notes) == 3, "only the numbers of pictures are odd"
    assert all("as published" in note for note in summary.notes)
    for split, expected in EXPECTED.items():
        examples = list(load("imagenet", split, data_dir=tmp_path / "out").as_numpy_iterator())
        assert set(examples[0]) == {"image", "label", "boxes", "image_id"}
        found = [(e["image_id"].decode(), e["label"], e["boxes"].tolist()) for e in examples]
        # Training pictures are mixed.
        assert (sorted(found) if split == "train" else found) == expected
        assert all(example["image"].shape == (12, 16, 3) for example in examples)


def test_odd_files_of_the_original_come_out_as_rgb(archives, tmp_path):
    prepare("imagenet", archives, data_dir=tmp_path / "out", on_wrong_count="accept")
    examples = load("imagenet", "train", data_dir=tmp_path / "out").as_numpy_iterator()
    png, cmyk, grey, _ = sorted(examples, key=lambda example: example["image_id"])
    synsets = members((archives / "ILSVRC2012_img_train.tar").read_bytes())
    fish, gold = members(synsets["n01440764.tar"]), members(synsets["n01443537.tar"])
    for example, data in [
        (png, fish["n01440764_10026.JPEG"]),
        (cmyk, fish["n01440764_36.JPEG"]),
        (grey, gold["n01443537_16.JPEG"]),
    ]:
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        np.testing.assert_array_equal(example["image"], pixels)


def test_plain_tfds_opens_what_was_prepared(archives, tmp_path):
    summary = prepare("imagenet", archives, data_dir=tmp_path / "out", on_wrong_count="accept")
    builder = tfds.builder_from_directory(summary.folder)
    assert builder.info.features["label"].names == imagenet_class_names()
    assert builder.info.splits["test"].num_examples == 3


def test_published_counts_are_required(archives, tmp_path):
    words = r"train has 4 .*1,?281,?167, val has 4 .*10,?000, test has 3 .*50,?000"
    with pytest.raises(SourceError, match=words):
        prepare("imagenet", archives, data_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_split_that_is_not_there_is_told(archives, tmp_path):
    (archives / "ILSVRC2012_img_train.tar").unlink()
    (archives / "imagenetv2-threshold0.7.tar.gz").unlink()
    summary = prepare("imagenet", archives, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert list(summary.splits) == ["test"]
    assert "The source holds nothing of train and val; left out." in summary.notes
    with pytest.raises(ValueError, match=r"no split of imagenet as prepared .* called 'train'"):
        load("imagenet", "train", data_dir=tmp_path / "out")


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(SourceError, match="holds no picture of ILSVRC2012 or ImageNetV2"):
        prepare("imagenet", tmp_path / "in", data_dir=tmp_path / "out")


def test_a_truncated_picture_is_named_then_skipped(archives, make, tmp_path):
    pictures = members((archives / "ILSVRC2012_img_val.tar").read_bytes())
    pictures["ILSVRC2012_val_00000002.JPEG"] = make.picture(0, size=(80, 80))[:-900]
    make.write(archives, {"ILSVRC2012_img_val.tar": make.packed(pictures)})
    options = {"data_dir": tmp_path / "out", "on_wrong_count": "accept"}
    with pytest.raises(SourceError, match=r"1 picture is corrupt: val/ILSVRC2012_val_00000002"):
        prepare("imagenet", archives, **options)
    assert not (tmp_path / "out" / "wsol_imagenet" / "1.0.0").exists()
    summary = prepare("imagenet", archives, on_corrupt="skip", **options)
    assert list(summary.skipped) == ["val/ILSVRC2012_val_00000002.JPEG"]
    assert summary.splits["test"].images == 2


@pytest.mark.parametrize("name", ["../../evil.JPEG", "/tmp/evil.JPEG"])
def test_a_path_out_of_a_nested_archive_is_refused(archives, make, tmp_path, name):
    synset = make.packed({"n01440764_1.JPEG": make.picture(0), name: b"evil"})
    train = make.packed({"n01440764.tar": synset})
    make.write(archives, {"ILSVRC2012_img_train.tar": train})
    with pytest.raises(SourceError) as caught:
        prepare("imagenet", archives, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert "ILSVRC2012_img_train.tar/n01440764.tar holds" in str(caught.value)
    assert name in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("evil*"))


def test_wrong_metadata_are_named_and_leave_nothing(archives, make, tmp_path):
    make.write(archives / "metadata/ILSVRC/val", {"class_labels.txt": "val2/2/0.jpeg,two"})
    with pytest.raises(SourceError, match=r"class_labels.txt, line 1"):
        prepare("imagenet", archives, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert not (tmp_path / "out").exists()
