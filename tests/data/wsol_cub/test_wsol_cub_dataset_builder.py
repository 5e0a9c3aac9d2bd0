"""A download of 12 pictures, laid out as the original is, through the whole preparation."""

import io
import tarfile

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tfwsol.data import load, prepare
from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_cub.indexing import index_cub
from tfwsol.data.wsol_cub.wsol_cub_dataset_builder import Builder

NAMES = [f"{c:03}.Bird_{c}/Bird_{c}_{i}.jpg" for c in (1, 2, 3) for i in range(4)]
ODD = {0: ("L", "jpeg"), 1: ("CMYK", "jpeg"), 2: ("RGB", "png"), 3: ("P", "png")}
"""How the first pictures are encoded, all called .jpg."""


def picture(seed, mode="RGB", kind="jpeg"):
    colours = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), np.uint8)
    pixels = np.kron(colours, np.ones((10, 10, 1), np.uint8))
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def mask(number):
    """Foreground in rows 5 to 8 from column ``number`` on, 5 columns wide."""
    values = np.zeros((30, 40), np.uint8)
    values[5:9, number : number + 5] = 128
    values[0, :] = 127
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "png")
    return buffer.getvalue()


def official(names=NAMES):
    numbered = list(enumerate(names, 1))
    return {
        "images.txt": "".join(f"{n} {name}\n" for n, name in numbered).encode(),
        "classes.txt": b"1 001.Bird_1\n2 002.Bird_2\n3 003.Bird_3\n",
        "image_class_labels.txt": "".join(f"{n} {int(x[:3])}\n" for n, x in numbered).encode(),
        "train_test_split.txt": "".join(f"{n} {n % 2}\n" for n, _ in numbered).encode(),
        "bounding_boxes.txt": "".join(f"{n} {n}.0 2.0 10.5 {n}.0\n" for n, _ in numbered).encode(),
        **{f"images/{name}": picture(n, *ODD.get(n - 1, ("RGB", "jpeg"))) for n, name in numbered},
    }


def segmentations(names=NAMES):
    return {name.replace(".jpg", ".png"): mask(number) for number, name in enumerate(names)}


def write_tar(path, top, files, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{top}{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def write_folder(path, files):
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)


def write_cubv2(source):
    """Four validation pictures with the metadata of wsolevaluation."""
    names = [f"{c:03}.Bird_{c}/30{c}{i}.jpg" for c in (1, 3) for i in range(2)]
    files = {name: picture(100 + number) for number, name in enumerate(names)}
    write_tar(source / "CUBV2.tar", "CUBV2/", files, "w")
    lists = {
        "image_ids.txt": names,
        "class_labels.txt": [f"{name},{int(name[:3]) - 1}" for name in names],
        "image_sizes.txt": [f"{name},40,30" for name in names],
        "localization.txt": [f"{name},1,2,{n + 10},20" for n, name in enumerate(names)],
    }
    texts = {name: "\n".join(lines).encode() for name, lines in lists.items()}
    write_folder(source / "metadata" / "CUB" / "val", texts)
    return names


@pytest.fixture
def source(tmp_path):
    """The two archives of a full download."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    write_tar(folder / "CUB_200_2011.tgz", "CUB_200_2011/", official())
    write_tar(folder / "segmentations.tgz", "segmentations/", segmentations())
    return folder


def unpack(source):
    """The same download, unpacked by the user."""
    for name, data in official().items():
        write_folder(source / "CUB_200_2011", {name: data})
    write_folder(source / "segmentations", segmentations())
    for archive in source.glob("*.tgz"):
        archive.unlink()
    return source


def accept(source, folder, **options):
    return prepare("cub", source, folder, on_wrong_count="accept", **options)


def as_pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_a_whole_download(source, tmp_path):
    validation = write_cubv2(source)
    summary = accept(source, tmp_path / "data")
    assert [
        (split, counts.images, counts.boxes, counts.masks)
        for split, counts in summary.splits.items()
    ] == [("train", 6, 6, 6), ("test", 6, 6, 6), ("val", 4, 4, 0)]
    for split, first in (("train", 0), ("test", 1)):
        examples = list(load("cub", split, tmp_path / "data").as_numpy_iterator())
        if split == "train":  # mixed
            examples.sort(key=lambda example: NAMES.index(example["image_id"].decode()))
        assert [example["image_id"].decode() for example in examples] == NAMES[first::2]
        for number, example in zip(range(first, 12, 2), examples, strict=True):
            file = official()[f"images/{NAMES[number]}"]
            np.testing.assert_array_equal(example["image"], as_pillow(file))
            assert example["label"] == number // 4
            n = number + 1
            np.testing.assert_array_equal(example["boxes"], np.float32([[n, 2, n + 10.5, 2 + n]]))
            drawn = np.zeros((30, 40), np.uint8)
            drawn[5:9, number : number + 5] = 1
            np.testing.assert_array_equal(example["mask"], drawn)
    examples = list(load("cub", "val", tmp_path / "data").as_numpy_iterator())
    assert [example["image_id"].decode() for example in examples] == validation
    assert [example["label"] for example in examples] == [0, 0, 2, 2]
    np.testing.assert_array_equal(examples[3]["boxes"], [[1, 2, 13, 20]])
    np.testing.assert_array_equal(examples[3]["image"], as_pillow(picture(103)))
    assert "mask" not in examples[0]  # nobody drew any


def test_unpacked_downloads_give_the_same_files(source, tmp_path):
    def files(folder):
        return {file.name: file.read_bytes() for file in (folder / "wsol_cub" / "1.0.0").iterdir()}

    accept(source, tmp_path / "packed")
    unpack(source)
    accept(source, tmp_path / "unpacked")
    accept(source / "CUB_200_2011", tmp_path / "itself")
    assert files(tmp_path / "packed") == files(tmp_path / "unpacked") == files(tmp_path / "itself")


def test_class_folders_beside_the_lists(source):
    unpack(source)
    birds = source / "CUB_200_2011"
    for folder in (birds / "images").iterdir():
        folder.rename(birds / folder.name)
    index = index_cub(source, None)
    assert [record.image_id for record in index.splits["train"]] == NAMES[::2]
    assert index.splits["train"][0].image.read() == official()[f"images/{NAMES[0]}"]


def test_what_is_not_there_is_said_in_one_sentence_each(source, tmp_path):
    (source / "segmentations.tgz").unlink()
    summary = accept(source, tmp_path / "data")
    assert summary.notes == (
        "There is no segmentations.tgz, so there are no masks.",
        "There is no CUBV2.tar, so there is no split val (CUBV2).",
        "train has 6 pictures instead of 5994 as published.",
        "test has 6 pictures instead of 5794 as published.",
    )
    assert "mask" not in load("cub", "train", tmp_path / "data").element_spec
    with pytest.raises(ValueError, match=r"no split of cub as prepared in .* called 'val'"):
        load("cub", "val", tmp_path / "data")


def test_wrong_counts_are_refused_and_nothing_stays(source, tmp_path):
    with pytest.raises(SourceError, match=r"train has 6 pictures instead of 5994.*on_wrong_count"):
        prepare("cub", source, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_truncated_picture_is_refused_or_skipped(source, tmp_path):
    unpack(source)
    file = source / "CUB_200_2011" / "images" / NAMES[5]
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(SourceError, match=f"cub: 1 picture is corrupt: {NAMES[5]}"):
        accept(source, tmp_path / "data")
    assert not (tmp_path / "data").exists()
    summary = accept(source, tmp_path / "data", on_corrupt="skip")
    assert list(summary.skipped) == [NAMES[5]]
    assert summary.splits["test"].images == 5


def test_a_missing_annotation_is_named(source, tmp_path):
    unpack(source)
    boxes = source / "CUB_200_2011" / "bounding_boxes.txt"
    boxes.write_text("".join(boxes.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(SourceError, match=f"no line for picture 12, {NAMES[11]}"):
        accept(source, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_missing_pictures_are_noted(source):
    unpack(source)
    (source / "CUB_200_2011" / "images" / NAMES[3]).unlink()
    index = index_cub(source, None)
    assert f"1 of 12 listed pictures are missing, first {NAMES[3]}." in index.problems
    assert len(index.splits["test"]) == 5


def test_a_missing_mask_is_named(source):
    unpack(source)
    (source / "segmentations" / NAMES[3]).with_suffix(".png").unlink()
    with pytest.raises(SourceError, match=f"holds no mask of {NAMES[3]}"):
        index_cub(source, None)


@pytest.mark.parametrize("name", ["../../evil.jpg", "/evil.jpg"])
def test_an_unsafe_archive_is_refused(source, tmp_path, name):
    (source / "CUB_200_2011.tgz").unlink()
    write_tar(source / "CUB_200_2011.tgz", "", official() | {name: b"evil"})
    with pytest.raises(SourceError, match=r"CUB_200_2011\.tgz holds '.*evil\.jpg'"):
        accept(source, tmp_path / "data")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["downloads"]


def test_validation_lists_and_pictures_must_agree(source):
    write_cubv2(source)
    boxes = source / "metadata" / "CUB" / "val" / "localization.txt"
    lines = boxes.read_text().splitlines()
    boxes.write_text("\n".join(lines[1:]))
    with pytest.raises(SourceError, match=r"localization\.txt in .* has no line for 001"):
        index_cub(source, None)
    boxes.write_text("\n".join(lines))
    write_tar(source / "CUBV2.tar", "", {"001.Bird_1/3010.jpg": b""}, "w")
    with pytest.raises(SourceError, match=r"holds no 001\.Bird_1/3011\.jpg"):
        index_cub(source, None)


def test_a_folder_without_birds(tmp_path):
    with pytest.raises(SourceError, match=r"neither CUB_200_2011\.tgz nor"):
        prepare("cub", tmp_path, tmp_path / "data")
    assert not list(tmp_path.iterdir())


def test_plain_tfds_prepares_it(source, tmp_path, monkeypatch):
    monkeypatch.setattr(Builder, "on_wrong_count", "accept")
    builder = Builder(data_dir=tmp_path / "data")
    assert builder.name == "wsol_cub"
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(manual_dir=source, try_download_gcs=False)
    )
    assert builder.info.features["label"].names == ["001.Bird_1", "002.Bird_2", "003.Bird_3"]
    examples = list(load("cub", "test", tmp_path / "data").as_numpy_iterator())
    assert [example["image_id"].decode() for example in examples] == NAMES[1::2]
