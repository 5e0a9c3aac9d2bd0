import numpy as np
import pytest

from tfwsol.data.views import Resize, see
from tfwsol.evaluation.dataset_source import DatasetSource


@pytest.fixture
def source(examples):
    dataset, found = examples()
    made = DatasetSource(dataset, None, ("random",), num_classes=7, batch_size=4)
    return made, found


def test_batches_hold_the_examples_in_order(source):
    made, found = source
    ends, batches = zip(*made.batches(0), strict=True)
    assert ends == (4, 8, 11)
    assert [name for batch in batches for name in batch.image_ids] == [
        example["image_id"] for example in found
    ]
    for example, batch, row in zip(found[4:8], [batches[1]] * 4, range(4), strict=True):
        assert batch.labels[row] == example["label"]
        np.testing.assert_array_equal(batch.boxes[row], example["boxes"])
        np.testing.assert_array_equal(batch.image_sizes[row], example["image"].shape[:2])
        view = {"image": example["image"], "mask": example["mask"]}
        seen = see(Resize(224), view)
        np.testing.assert_array_equal(batch.pictures["whole"][row], seen["image"])
        np.testing.assert_array_equal(batch.masks[row], seen["mask"])


def test_a_later_start_gives_the_same_images(source):
    made, _ = source
    whole, late = list(made.batches(0)), list(made.batches(8))
    assert [end for end, _ in late] == [11]
    assert late[0][1].image_ids == whole[2][1].image_ids
    np.testing.assert_array_equal(late[0][1].maps["random"]["whole"],
                                  whole[2][1].maps["random"]["whole"])  # fmt: skip


def test_single_images_are_those_of_the_batches(source):
    made, _ = source
    batches = [batch for _, batch in made.batches(0)]
    singles = list(made.at({9, 2, 5}))
    assert [int(batch.places[0]) for batch in singles] == [2, 5, 9]
    for single in singles:
        place = int(single.places[0])
        batch, row = batches[place // 4], place % 4
        np.testing.assert_array_equal(
            single.maps["random"]["whole"][0], batch.maps["random"]["whole"][row]
        )
        np.testing.assert_array_equal(single.boxes[0], batch.boxes[row])
    assert list(made.at(set())) == []


def test_limit_and_unknown_number(examples):
    dataset, _ = examples()
    assert DatasetSource(dataset, None, ("random",), num_classes=7, limit=5).num_images == 5
    with pytest.raises(ValueError, match="how many images or classes"):
        DatasetSource(dataset.filter(lambda e: True), None, ("random",), num_classes=7)
    with pytest.raises(ValueError, match="how many images or classes"):
        DatasetSource(dataset, None, ("random",))


def test_masks_that_nobody_drew_are_ignored(examples):
    dataset, _ = examples()

    def undrawn(example):
        return {**example, "mask": example["mask"] * 0 + 255}

    made = DatasetSource(dataset.map(undrawn), None, ("random",), num_classes=7)
    ((_, batch),) = made.batches(0)
    assert (batch.masks == 255).all()
