import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from tfwsol.data import load, prepare
from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_voc.classes import CLASS_NAMES


@pytest.fixture
def prepared(tmp_path):
    """Prepares a source and gives the examples of a split by name; training pictures are mixed."""

    def read(source, split="train"):
        data_dir = tmp_path / "out"
        prepare("voc", source, data_dir=data_dir, on_wrong_count="accept")
        examples = load("voc", split, data_dir=data_dir).as_numpy_iterator()
        return sorted(examples, key=lambda example: example["image_id"])

    return read


@pytest.fixture
def with_sbd(official, make):
    make.write(official / "sbd", {"train_aug.txt": make.SBD_LIST, **make.SBD})
    return official


def test_an_example_by_hand(official, prepared):
    example, _ = prepared(official)
    assert example["image_id"] == b"2007_000032"
    assert example["label"] == 0
    assert example["labels"].tolist() == [0, 14]
    assert example["boxes"].tolist() == [[3, 4, 10, 12], [0, 0, 30, 20], [1.5, 2, 4, 5]]
    segmentation = np.zeros((20, 30), np.uint8)
    segmentation[:9] = 1
    segmentation[4:12, 3:10] = 15
    segmentation[4] = 255
    np.testing.assert_array_equal(example["segmentation"], segmentation)
    np.testing.assert_array_equal(example["mask"], np.isin(segmentation, (1, 15)))
    np.testing.assert_array_equal(example["ignore_mask"], segmentation == 255)


def test_fields_and_class_names(official, tmp_path):
    summary = prepare("voc", official, data_dir=tmp_path, on_wrong_count="accept")
    spec = load("voc", "val", data_dir=tmp_path).element_spec
    assert {key: (value.shape.as_list(), value.dtype) for key, value in spec.items()} == {
        "image": ([None, None, 3], tf.uint8),
        "label": ([], tf.int64),
        "boxes": ([None, 4], tf.float32),
        "image_id": ([], tf.string),
        "mask": ([None, None], tf.uint8),
        "ignore_mask": ([None, None], tf.uint8),
        "segmentation": ([None, None], tf.uint8),
        "labels": ([None], tf.int64),
    }
    builder = tfds.builder_from_directory(summary.folder)
    assert builder.info.features["label"].names == list(CLASS_NAMES)
    assert builder.info.features["labels"].feature.names == list(CLASS_NAMES)


def test_lists_give_splits(with_sbd, prepared, tmp_path):
    assert [example["image_id"] for example in prepared(with_sbd, "train_aug")] == [
        b"2008_000002",
        b"2011_000003",
    ]
    for split, names in {
        "train": [b"2007_000032", b"2008_000002"],
        "val": [b"2007_000033"],
    }.items():
        dataset = load("voc", split, data_dir=tmp_path / "out")
        assert sorted(example["image_id"] for example in dataset.as_numpy_iterator()) == names


def test_grey_drawings_of_sbd_are_for_its_list_alone(with_sbd, prepared):
    dog, cat = prepared(with_sbd, "train_aug")
    assert (cat["label"], dog["label"]) == (7, 11)
    assert cat["segmentation"][0, 1] == 8
    assert cat["ignore_mask"].sum() == 1
    assert dog["mask"].sum() == 1
    assert prepared(with_sbd, "train")[1]["mask"].sum() == 64


@pytest.mark.parametrize(
    "lines",
    [
        "/JPEGImages/2011_000003.jpg /SegmentationClassAug/2011_000003.png",
        "2011_000003 3 7",
    ],
)
def test_other_forms_of_the_list(official, make, prepared, lines):
    make.write(official, {"train_aug.txt": lines, **make.SBD})
    (example,) = prepared(official, "train_aug")
    assert example["labels"].tolist() == [7], "the XML file is asked before the list"


def test_pictures_without_a_segmentation_are_unknown(official, make, prepared):
    make.write(official, {"train_aug.txt": make.SBD_LIST})
    dog, cat = prepared(official, "train_aug")
    for key in ("segmentation", "mask", "ignore_mask"):
        assert cat[key].shape == (20, 30)
        assert (cat[key] == 255).all()
    assert dog["mask"].sum() == 64, "the official one serves where there is one"


def test_missing_files_are_named(official, make, tmp_path):
    files = {make.ROOT + name: data for name, data in make.FILES.items()}
    for name in (
        "Annotations/2007_000032.xml",
        "JPEGImages/2008_000002.jpg",
        "Annotations/2007_000033.xml",
        "SegmentationClass/2007_000033.png",
    ):
        del files[make.ROOT + name]
    make.archive(official / "VOCtrainval_11-May-2012.tar", files)
    with pytest.raises(SourceError, match="holds no picture of val"):
        prepare("voc", official, data_dir=tmp_path / "out", on_wrong_count="accept")
    files[make.ROOT + "SegmentationClass/2007_000033.png"] = make.drawing((20, 0, 0))
    make.archive(official / "VOCtrainval_11-May-2012.tar", files)
    summary = prepare("voc", official, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert summary.notes[:4] == (
        "train: JPEGImages has no file for 1 picture (2008_000002), left out.",
        "train: Annotations has no file for 1 picture (2007_000032), so these have no boxes.",
        "val: Annotations has no file for 1 picture (2007_000033), so these have no boxes.",
        "There is no train_aug.txt (the SBD list), so no split train_aug.",
    )
    (example,) = load("voc", "train", data_dir=tmp_path / "out").as_numpy_iterator()
    assert example["labels"].tolist() == [0, 14], "what is drawn stands in for the XML file"
    assert example["boxes"].shape == (0, 4)


@pytest.mark.parametrize("below", ["VOCdevkit/VOC2012", "VOC2012", "", "VOC2012_train_val/x"])
def test_unpacked_in_any_folder(tmp_path, make, prepared, below):
    make.write(tmp_path / "in" / below, make.FILES)
    make.write(tmp_path / "in" / "VOC2007", {"JPEGImages/2007_000032.jpg": b"another year"})
    assert len(prepared(tmp_path / "in")) == 2


def test_the_archive_itself(official, prepared):
    assert len(prepared(official / "VOCtrainval_11-May-2012.tar")) == 2


def test_published_counts_are_required(official, tmp_path):
    with pytest.raises(SourceError, match=r"train has 2 pictures .*1,?464, val .*1,?449"):
        prepare("voc", official, data_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("JPEGImages/2007_000032.jpg", "cut", r"1 picture is corrupt: 2007_000032"),
        ("SegmentationClass/2007_000032.png", "cut", r"2007_000032 .its segmentation is damaged"),
        ("SegmentationClass/2007_000032.png", "RGB", r"its segmentation holds colours .mode RGB"),
        ("SegmentationClass/2007_000032.png", "small", r"is 30 × 10 pixels, the picture 30 × 20"),
        ("Annotations/2007_000032.xml", "unicorn", r"2007_000032.xml .* names 'unicorn', which is"),
        ("Annotations/2007_000032.xml", "cut", r"2007_000032.xml .* is not whole XML"),
        ("ImageSets/Segmentation/val.txt", "list", r"val.txt .*, line 2: expected the name of a"),
        ("ImageSets/Segmentation/val.txt", "gone", r"holds no ImageSets/Segmentation/val.txt"),
    ],
)
def test_what_is_wrong_is_named_and_leaves_nothing(
    official, make, tmp_path, name, content, message
):
    files = dict(make.FILES)
    made = {
        "cut": lambda: files[name][: len(files[name]) // 2],
        "RGB": lambda: make.drawing((3, 1, 1), mode="RGB"),
        "small": lambda: make.drawing((3, 1, 1), size=(10, 30)),
        "unicorn": lambda: make.xml(("unicorn", 1, 1, 2, 2)),
        "list": lambda: "2007_000033\ncat.jpg\n",
    }
    if content == "gone":
        del files[name]
    else:
        files[name] = made[content]()
    files = {make.ROOT + name: data for name, data in files.items()}
    make.archive(official / "VOCtrainval_11-May-2012.tar", files)
    with pytest.raises(SourceError, match=message):
        prepare("voc", official, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert not (tmp_path / "out" / "wsol_voc" / "1.0.0").exists()


def test_a_path_out_of_the_archive_is_refused(official, make, tmp_path):
    files = {make.ROOT + name: data for name, data in make.FILES.items()}
    files[make.ROOT + "../../../JPEGImages/2009_000001.jpg"] = b"evil"
    make.archive(official / "VOCtrainval_11-May-2012.tar", files)
    with pytest.raises(SourceError, match=r"VOCtrainval_11-May-2012.tar holds .* leads out"):
        prepare("voc", official, data_dir=tmp_path / "out", on_wrong_count="accept")
    assert not list(tmp_path.rglob("2009_000001*"))
