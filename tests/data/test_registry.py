import numpy as np
import pytest
import tensorflow as tf

import tfwsol
from tfwsol.data import load, names
from tfwsol.data.critters import critters_dataset_builder, render

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
    assert names() == ["critters"]
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
