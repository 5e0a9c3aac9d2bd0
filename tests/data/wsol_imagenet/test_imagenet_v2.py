import numpy as np
import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.source_tree import SourceFile, open_source
from tfwsol.data.wsol_imagenet.imagenet_v2 import v2_records
from tfwsol.data.wsol_metadata import Metadata

IDS = ("val2/10/0.jpeg", "val2/2/0.jpeg", "val2/2/1.jpeg")
KNOWN = Metadata(
    IDS,
    np.array([10, 2, 2]),
    dict.fromkeys(IDS, (12, 16)),
    {name: np.array([[n, n, n + 1.0, n + 2.0]]) for n, name in enumerate(IDS)},
)


@pytest.fixture
def tree(tmp_path):
    return open_source(tmp_path)


def files(tree, *names):
    return {name: SourceFile(tree, name) for name in names}


def test_numbers_are_found_by_name(tree):
    pictures = files(tree, "2/1.jpeg", "2/0.jpeg", "10/0.jpeg", "3/0.jpeg")
    records, problems = v2_records(pictures, KNOWN, {})
    assert [record.image_id for record in records] == list(IDS)
    assert [record.image.name for record in records] == ["10/0.jpeg", "2/0.jpeg", "2/1.jpeg"]
    assert [record.label for record in records] == [10, 2, 2]
    assert [record.boxes for record in records] == [
        ((n, n, n + 1.0, n + 2.0),) for n in (0.0, 1.0, 2.0)
    ]
    assert {record.size for record in records} == {(12, 16)}
    assert problems == []


def test_hashes_are_found_through_the_list_of_names(tree):
    pictures = files(tree, "2/b0.jpeg", "2/a1.jpeg", "10/c0.jpeg")
    renamed = {"2/0.jpeg": "2/b0.jpeg", "2/1.jpeg": "2/a1.jpeg", "10/0.jpeg": "10/c0.jpeg"}
    records, problems = v2_records(pictures, KNOWN, renamed)
    assert [record.image.name for record in records] == ["10/c0.jpeg", "2/b0.jpeg", "2/a1.jpeg"]
    assert problems == []


def test_hashes_without_a_list_are_never_guessed(tree):
    with pytest.raises(SourceError, match=r"'10/0.jpeg' and so on.*'2/a1.jpeg'.*mapping.txt"):
        v2_records(files(tree, "2/b0.jpeg", "2/a1.jpeg", "20/c0.jpeg"), KNOWN, {})


def test_two_pictures_of_one_file_are_refused(tree):
    renamed = {"2/0.jpeg": "2/a.jpeg", "2/1.jpeg": "2/a.jpeg"}
    with pytest.raises(SourceError, match=r"two pictures .* to one file"):
        v2_records(files(tree, "2/a.jpeg"), KNOWN, renamed)


def test_what_is_missing_or_contradicts_is_named(tree):
    known = Metadata(IDS, np.array([10, 3, 2]), boxes={IDS[0]: KNOWN.boxes[IDS[0]]})
    records, problems = v2_records(files(tree, "2/0.jpeg", "10/0.jpeg"), known, {})
    assert [(record.label, len(record.boxes)) for record in records] == [(10, 1), (3, 0)]
    assert problems == [
        "val: the source holds no file for 1 picture (val2/2/1.jpeg).",
        "val: there is no box for 2 pictures (val2/2/0.jpeg, val2/2/1.jpeg).",
        "val: the class in the metadata is not that of the folder of 1 picture (val2/2/0.jpeg).",
    ]


def test_without_metadata_there_are_classes_but_no_boxes(tree):
    records, problems = v2_records(files(tree, "10/a.jpeg", "2/b.jpeg"), None, {})
    assert [(record.image_id, record.label, record.boxes) for record in records] == [
        ("val2/2/b.jpeg", 2, ()),
        ("val2/10/a.jpeg", 10, ()),
    ]
    assert problems == [
        "val: metadata/ILSVRC/val is not in the source, so its pictures have no boxes."
    ]
