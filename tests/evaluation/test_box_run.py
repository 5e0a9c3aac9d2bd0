import numpy as np
import pytest

from tfwsol.data.photograph import read_image
from tfwsol.evaluation.box_record import BoxRecord
from tfwsol.evaluation.box_run import (
    asked_classes,
    class_shares,
    fill_record,
    filled,
    picture_entry,
    picture_title,
    write_overlay,
)
from tfwsol.evaluation.picture_source import Picture

IMAGE = np.zeros((4, 6, 3), np.uint8)


class Numbered:
    """Seven pictures, of which some cannot be read."""

    has_labels, words = False, "pictures"

    def __init__(self, broken=()):
        self._broken = broken

    def read(self, start=0):
        for place in range(start, 7):
            broken = place in self._broken
            yield Picture(f"{place}", None if broken else IMAGE, why="broken" if broken else None)


@pytest.fixture
def record(tmp_path):
    return BoxRecord(tmp_path, {"rule": "adl"})


def described(place, picture, found):
    return {"image_id": picture.image_id, "place": place, "found": found}


def test_every_readable_picture_meets_what_was_found_in_it(record):
    batches = []

    def find(batch, size):
        batches.append(([picture.image_id for picture in batch], size))
        return [f"in {picture.image_id}" for picture in batch]

    fill_record(record, Numbered(broken=(1, 3, 4, 5)), 7, 3, find, described)
    assert batches == [(["0", "2"], 3), (["6"], 3)]
    assert record.found == [{"image_id": str(k), "place": k, "found": f"in {k}"} for k in (0, 2, 6)]
    assert record.skipped == dict.fromkeys("1345", "broken")
    assert [entry["image_id"] for entry in record.images] == list("0123456")


def test_it_goes_on_behind_what_is_known_up_to_the_number_asked_for(record):
    record.images = [{"image_id": "0", "found": []}, {"image_id": "1", "found": []}]
    fill_record(record, Numbered(), 5, 4, lambda batch, size: [size] * len(batch), described)
    assert record.images[2:] == [{"image_id": str(k), "place": k, "found": 3} for k in (2, 3, 4)]


def test_data_that_is_refused_leaves_the_earlier_run_as_it_was(record, tmp_path):
    def find(batch, size):
        raise ValueError("no boxes")
        yield

    with pytest.raises(ValueError, match="no boxes"):
        fill_record(record, Numbered(), 7, 3, find, described)
    assert not list(tmp_path.iterdir())


def test_a_drawing_comes_only_after_the_earlier_run_is_no_longer_trusted(record, tmp_path):
    def describe(place, picture, found):
        assert (tmp_path / "progress.jsonl").is_file()
        return described(place, picture, found)

    fill_record(record, Numbered(), 7, 7, lambda batch, size: [0] * size, describe)


def test_pictures_of_which_none_can_be_read(record, tmp_path):
    with pytest.raises(ValueError, match="None of 7 pictures can be read; the first: broken"):
        fill_record(record, Numbered(range(7)), 7, 3, lambda *_: [], described)
    assert not list(tmp_path.iterdir())


def test_a_short_batch_is_filled_up_with_its_last_item():
    assert filled([[1, 2], [3, 4]], 4).tolist() == [[1, 2], [3, 4], [3, 4], [3, 4]]


def test_classes_to_ask_for():
    batch = [Picture("a", IMAGE, 5), Picture("b", IMAGE, 2)]
    assert asked_classes("predicted", batch, 3) is None
    assert asked_classes("true", batch, 3).tolist() == [5, 2, 2]
    assert asked_classes((7, 1), batch, 3).tolist() == [[7, 1]] * 3


def test_shares_are_of_all_classes():
    scores = np.float32([[0, np.log(3)], [1000, 0]])
    shares = class_shares(scores, np.array([[1, 0], [1, 0]]))
    np.testing.assert_allclose(shares, [[0.75, 0.25], [0, 1]], atol=1e-7)


def test_what_is_kept_and_shown_of_a_picture(record):
    turned = Picture("animals/dog.jpg", IMAGE, 1, orientation=6, state=[9, 8])
    assert picture_entry(turned) == {
        "image_id": "animals/dog.jpg",
        "height": 6,
        "width": 4,
        "orientation": 6,
        "label": 1,
        "state": [9, 8],
    }
    assert picture_entry(Picture("a", IMAGE)) == {"image_id": "a", "height": 4, "width": 6}
    assert picture_title(turned, ["cat", "dog"]) == "dog.jpg, truly dog"
    assert picture_title(Picture("animals/dog.jpg", IMAGE), None) == "dog.jpg"
    drawn = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    name = write_overlay(record, 3, "animals/dog.jpg", drawn)
    assert name == "overlays/000003_animals_dog.jpg.png"
    np.testing.assert_array_equal(read_image(record.folder / name), drawn)
