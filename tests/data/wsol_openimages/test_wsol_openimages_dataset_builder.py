import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tfwsol.data import load, prepare
from tfwsol.data.preparation.record import SourceError


def examples(split, folder):
    return list(load("openimages", split, data_dir=folder).as_numpy_iterator())


def test_masks_are_unions_and_ignore_masks_stay_as_they_are(source, tmp_path):
    summary = prepare("openimages", source, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert len(summary.notes) == 3, "only the numbers of pictures are odd"
    assert all("as published" in note for note in summary.notes)
    first, second = examples("test", tmp_path / "out")
    assert (first["image_id"], first["label"]) == (b"test/01226z/a.jpg", 0)
    assert (second["image_id"], second["label"]) == (b"test/015p6/b.jpg", 1)
    assert first["boxes"].shape == (0, 4)
    union = np.zeros((20, 30), np.uint8)
    union[0:5, 0:5] = union[4:9, 3:8] = 1
    np.testing.assert_array_equal(first["mask"], union)
    ignored = np.zeros((20, 30), np.uint8)
    ignored[:, 7:9] = 1
    np.testing.assert_array_equal(first["ignore_mask"], ignored)
    assert (union & ignored).any(), "the foreground is taken out where it is scored"


def test_masks_of_a_larger_copy_keep_their_size(source, tmp_path):
    prepare("openimages", source, data_dir=tmp_path / "out", on_wrong_count="accept")
    _, example = examples("test", tmp_path / "out")
    assert example["image"].shape == (20, 30, 3)
    expected = np.zeros((40, 60), np.uint8)
    expected[4:8, 6:14] = 1
    np.testing.assert_array_equal(example["mask"], expected)
    assert example["ignore_mask"].shape == (40, 60)


def test_a_mask_of_other_proportions_is_corrupt(source, make, tmp_path):
    masks = source / "OpenImages_annotation/OpenImages"
    wrong = make.mask(slice(1), slice(1), size=(40, 50))
    make.write(masks, {"test/015p6/b_m015p6_5.png": wrong})
    with pytest.raises(SourceError, match=r"test/015p6/b.jpg .its mask is 50 × 40 pixels"):
        prepare("openimages", source, data_dir=tmp_path / "out", on_wrong_count="accept")


def test_the_training_split_has_no_masks(source, tmp_path):
    prepare("openimages", source, data_dir=tmp_path / "out", on_wrong_count="accept")
    found = examples("train", tmp_path / "out")
    assert set(found[0]) == {"image", "label", "boxes", "image_id"}
    assert sorted(example["label"] for example in found) == [0, 0, 1]
    assert set(examples("val", tmp_path / "out")[0]) > {"mask", "ignore_mask"}


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz"])
def test_an_archive_for_each_split(source, make, tmp_path, ending):
    prepare("openimages", source, data_dir=tmp_path / "folders", on_wrong_count="accept")
    shutil.rmtree(source / "dataset")
    shutil.rmtree(source / "OpenImages_annotation")
    for split in ("train", "val", "test"):
        # The masks' archive names the split in its paths, the pictures' in its own name alone.
        pictures = {k[len(split) + 1 :]: v for k, v in make.PICTURES.items() if k.startswith(split)}
        make.archive(source / f"{split}{ending}", pictures)
        masks = {f"OpenImages/{k}": v for k, v in make.MASKS.items() if k.startswith(split)}
        make.archive(source / f"masks_of_{split}{ending}", masks)
    prepare("openimages", source, data_dir=tmp_path / "archives", on_wrong_count="accept")
    for split in ("train", "val", "test"):
        pairs = zip(
            examples(split, tmp_path / "folders"),
            examples(split, tmp_path / "archives"),
            strict=True,
        )
        for one, other in pairs:
            assert one.keys() == other.keys()
            for key in one:
                np.testing.assert_array_equal(one[key], other[key])


def test_what_is_missing_is_named(source, tmp_path):
    masks = source / "OpenImages_annotation/OpenImages"
    (masks / "test/01226z/a_m01226z_4.png").unlink()
    (masks / "val/015p6/v2_ignore.png").unlink()
    (source / "dataset/OpenImages/train/015p6/t3.jpg").unlink()
    summary = prepare("openimages", source, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert summary.notes[:3] == (
        "train: the source holds no file for 1 picture (train/015p6/t3.jpg).",
        "val: the source lacks 1 mask (val/015p6/v2_ignore.png); a picture that lacks one is "
        "treated as not annotated.",
        "test: the source lacks 1 mask (test/01226z/a_m01226z_4.png); a picture that lacks one is "
        "treated as not annotated.",
    )
    half_drawn, whole = examples("test", tmp_path / "out")
    assert (half_drawn["mask"] == 255).all()
    assert (half_drawn["ignore_mask"] == 255).all()
    assert set(np.unique(whole["mask"])) == {0, 1}


def test_classes_are_named_by_their_folders(source, tmp_path):
    summary = prepare("openimages", source, data_dir=tmp_path / "out", on_wrong_count="accept")
    builder = tfds.builder_from_directory(summary.folder)
    assert builder.info.features["label"].names == ["01226z", "015p6"]


def test_published_counts_are_required(source, tmp_path):
    words = r"train has 3 .*29,?819, val has 2 .*2,?500, test has 2 .*5,?000"
    with pytest.raises(SourceError, match=words):
        prepare("openimages", source, data_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_truncated_picture_is_named(source, make, tmp_path):
    cut = {"val/01226z/v1.jpg": make.picture((80, 80))[:-900]}
    make.write(source / "dataset/OpenImages", cut)
    with pytest.raises(SourceError, match=r"1 picture is corrupt: val/01226z/v1.jpg"):
        prepare("openimages", source, data_dir=tmp_path / "out", on_wrong_count="accept")


def test_metadata_are_required(source, tmp_path):
    shutil.rmtree(source / "metadata")
    with pytest.raises(SourceError, match=r"holds no metadata/OpenImages/<split>/image_ids.txt"):
        prepare("openimages", source, data_dir=tmp_path / "out")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("test/01226z/a.jpg,0\ntest/015p6/b.jpg,0", "gives 2 classes and 3 pairs"),
        ("test/01226z/a.jpg,0\ntest/015p6/b.jpg,3", "gives 3 classes and 3 pairs"),
        ("test/01226z/a.jpg,0", r"class_labels.txt has no line for test/015p6/b.jpg"),
    ],
)
def test_metadata_that_contradict_are_refused(source, make, tmp_path, labels, message):
    make.write(source / "metadata/OpenImages/test", {"class_labels.txt": labels})
    with pytest.raises(SourceError, match=message):
        prepare("openimages", source, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert not (tmp_path / "out").exists()


def test_a_path_out_of_an_archive_is_refused(source, make, tmp_path):
    make.archive(source / "more.tar", {"../test/01226z/evil.jpg": b"evil"})
    with pytest.raises(SourceError, match=r"more.tar holds '../test/01226z/evil.jpg', which leads"):
        prepare("openimages", source, data_dir=tmp_path / "out")
    assert not list(tmp_path.rglob("evil*"))
