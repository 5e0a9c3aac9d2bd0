import errno

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfwsol
from tfwsol.data import load, names, prepare
from tfwsol.data.critters import critters_dataset_builder, render
from tfwsol.data.preparation.record import SourceError
from tfwsol.data.registry import option_names, where

OPTIONS = {"image_size": 48, "train_size": 20, "val_size": 10, "test_size": 10}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    load("critters", "train", data_dir=folder, **OPTIONS)
    return folder


@pytest.fixture
def no_rendering(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the data set was generated again")

    monkeypatch.setattr(critters_dataset_builder, "produce", refuse)


def test_names():
    assert names() == ["critters", "cub", "folder", "imagenet", "openimages", "voc"]
    assert tfwsol.data.names is names


def test_examples_have_the_promised_fields(prepared):
    spec = load("critters", "train", data_dir=prepared, **OPTIONS).element_spec
    assert {key: (value.shape.as_list(), value.dtype) for key, value in spec.items()} == {
        "image": ([48, 48, 3], tf.uint8),
        "label": ([], tf.int64),
        "boxes": ([1, 4], tf.float32),
        "image_id": ([], tf.string),
        "mask": ([48, 48], tf.uint8),
        "part_boxes": ([1, 4], tf.float32),
        "part_mask": ([48, 48], tf.uint8),
        "attributes": ([3], tf.int32),
    }


def test_examples_are_the_rendered_critters_in_order(prepared):
    examples = list(load("critters", "val", data_dir=prepared, **OPTIONS).as_numpy_iterator())
    assert len(examples) == 10
    for index, example in enumerate(examples):
        critter = render(0, "val", index, image_size=48)
        assert example["image_id"] == f"val/{index:05d}".encode()
        assert example["label"] == index
        np.testing.assert_array_equal(example["image"], critter.image)
        np.testing.assert_array_equal(example["mask"], critter.mask)
        np.testing.assert_array_equal(example["part_mask"], critter.part_mask)
        np.testing.assert_array_equal(example["boxes"], critter.box[None])
        np.testing.assert_array_equal(example["part_boxes"], critter.part_box[None])
        np.testing.assert_array_equal(example["attributes"], critter.attributes)


@pytest.mark.usefixtures("no_rendering")
def test_a_second_load_does_not_generate_again(prepared, capfd):
    assert len(load("critters", "train", data_dir=prepared, **OPTIONS)) == 20
    assert len(load("critters", "test[:3]", data_dir=prepared, **OPTIONS)) == 3
    assert capfd.readouterr().out == ""


def test_a_run_that_was_cut_short_is_repeated(tmp_path, monkeypatch):
    produce = critters_dataset_builder.produce

    def cut(seed, split, size, **options):
        if split == "test":
            raise KeyboardInterrupt
        return produce(seed, split, size, **options)

    with monkeypatch.context() as patch:
        patch.setattr(critters_dataset_builder, "produce", cut)
        with pytest.raises(KeyboardInterrupt):
            load("critters", "train", data_dir=tmp_path, **OPTIONS)
    assert len(load("critters", "test", data_dir=tmp_path, **OPTIONS)) == 10


@pytest.mark.usefixtures("no_rendering")
@pytest.mark.parametrize("options", [{}, {"body": 0.45}, {"seed": 7}])
def test_built_in_and_own_configurations_get_as_far_as_generating(tmp_path, options):
    with pytest.raises(AssertionError, match="generated again"):
        load("critters", "train", data_dir=tmp_path, **options)


@pytest.mark.usefixtures("no_rendering")
@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("criters", "train"), {}, "no data set called 'criters'.*mean 'critters'"),
        (("critters", "tests"), {}, "no split of critters called 'tests'.*mean 'test'"),
        (("critters", "train"), {"imagesize": 64}, "no option.*mean 'image_size'"),
    ],
)
def test_wrong_names_come_with_near_misses(tmp_path, arguments, options, message):
    with pytest.raises(ValueError, match=message):
        load(*arguments, data_dir=tmp_path, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["cub", "imagenet", "openimages", "voc"])
def test_a_data_set_that_needs_a_source_says_how_to_prepare_it(tmp_path, name):
    words = (
        rf"{name} is not prepared in .*scripts/prepare_data\.py --dataset={name} --source=FOLDER"
    )
    with pytest.raises(SourceError, match=words):
        load(name, "train", data_dir=tmp_path)
    assert not list(tmp_path.iterdir())
    assert "--source" in where(name)
    with pytest.raises(ValueError, match="no data set called 'cubs'"):
        where("cubs")


def test_preparing_what_makes_itself(tmp_path):
    assert prepare("critters", None, tmp_path, **OPTIONS).new
    assert not prepare("critters", None, tmp_path, **OPTIONS).new
    assert len(load("critters", "val", tmp_path, **OPTIONS)) == 10


def test_pictures_have_the_values_that_pillow_gives(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    (tmp_path / "pictures" / "jay").mkdir(parents=True)
    file = tmp_path / "pictures" / "jay" / "1.jpg"
    Image.fromarray(pixels).save(file, quality=70)
    examples = load("folder", "test", tmp_path / "data", source=tmp_path / "pictures")
    (example,) = examples.as_numpy_iterator()
    np.testing.assert_array_equal(example["image"], np.asarray(Image.open(file)))
    assert example["boxes"].shape == (0, 4)


def test_every_option_of_a_data_set_is_known():
    assert option_names("critters") == [
        "image_size",
        "body",
        "seed",
        "train_size",
        "val_size",
        "test_size",
    ]
    assert option_names("cub") == []


def test_the_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = prepare("critters", None, "~/data", **OPTIONS).folder
    assert folder.is_relative_to(tmp_path / "data")
    assert folder.is_dir()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("ResourceExhaustedError: shard; No space left on device"), errno.ENOSPC),
        (tf.errors.PermissionDeniedError(None, None, "folder; Permission denied"), None),
    ],
)
def test_what_the_disk_refuses_is_an_os_error(tmp_path, monkeypatch, error, expected):
    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr(critters_dataset_builder.Builder, "download_and_prepare", refuse)
    with pytest.raises(OSError, match="critters cannot be written to ") as raised:
        prepare("critters", None, tmp_path)
    assert raised.value.errno == expected


def test_a_mistake_in_the_drawing_stays_what_it_is(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("ears")

    monkeypatch.setattr(critters_dataset_builder.Builder, "download_and_prepare", fail)
    with pytest.raises(RuntimeError, match="ears"):
        prepare("critters", None, tmp_path)
