import numpy as np

from tfwsol.data.preparation.record import Record
from tfwsol.data.preparation.record_order import written_order


def records(classes=10, of_each=30):
    return [
        Record(f"{label:03}/{number}.jpg", label, None)
        for label in range(classes)
        for number in range(of_each)
    ]


def test_only_training_pictures_are_mixed():
    listed = records()
    found = written_order({"train": listed, "train_aug": listed, "val": listed, "test": listed})
    assert found["val"] == found["test"] == listed
    assert found["train"] == found["train_aug"] != listed
    assert set(found["train"]) == set(listed)


def test_classes_are_spread_over_the_whole_split():
    labels = np.array([record.label for record in written_order({"train": records()})["train"]])
    assert all(len(set(part)) >= 8 for part in labels.reshape(10, 30))


def test_a_picture_that_goes_moves_no_other():
    listed = records()
    whole = written_order({"train": listed})["train"]
    part = written_order({"train": [listed[0], *listed[2:]]})["train"]
    assert part == [record for record in whole if record != listed[1]]
