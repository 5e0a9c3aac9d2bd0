import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.source_tree import open_source
from tfwsol.data.wsol_folder.metadata_index import index_metadata, metadata_folders

LABELS = {"b/2.jpg": 3, "a/1.jpg": 1, "a/3.jpg": 1}
BOXES = [("a/1.jpg", 1, 2, 3.25, 4), ("b/2.jpg", 0, 0, 9, 9), ("a/1.jpg", 5, 5, 6, 6)]
SIZES = [("a/1.jpg", 30, 20), ("b/2.jpg", 30, 20)]


def test_lists_give_order_labels_boxes_and_sizes(pictures, metadata):
    folder = metadata("cub/test", LABELS, BOXES, SIZES)
    tree = open_source(pictures("a/1.jpg", "a/3.jpg", "b/2.jpg", "c/unlisted.jpg"))
    index = index_metadata(tree, metadata_folders(folder))
    found = index.splits["test"]
    assert [(record.image_id, record.label) for record in found] == list(LABELS.items())
    assert [record.boxes for record in found] == [
        ((0, 0, 9, 9),),
        ((1, 2, 3.25, 4), (5, 5, 6, 6)),
        (),
    ]
    assert [record.size for record in found] == [(20, 30), (20, 30), None]
    assert index.class_names == ["0", "a", "2", "b"]
    assert index.expected == {"test": 3}
    (problem,) = index.problems
    assert problem.endswith("gives no box of 1 picture (a/3.jpg).")


def test_missing_pictures_are_counted_and_named(pictures, metadata):
    folder = metadata("meta", LABELS)
    index = index_metadata(open_source(pictures("a/1.jpg")), metadata_folders(folder))
    assert [record.image_id for record in index.splits["test"]] == ["a/1.jpg"]
    assert index.expected == {"test": 3}
    (problem,) = index.problems
    assert problem.endswith("2 pictures (b/2.jpg, a/3.jpg).")


def test_splits_are_called_like_their_folders(metadata, tmp_path):
    train = metadata("cub/train", LABELS)
    assert metadata_folders(train) == {"train": train}
    val = metadata("cub/val", LABELS)
    assert metadata_folders(tmp_path / "cub") == {"train": train, "val": val}
    other = metadata("first", LABELS)
    assert metadata_folders(other) == {"test": other}
    assert metadata_folders(tmp_path) == {}


def test_several_splits_share_their_classes(pictures, metadata, tmp_path):
    metadata("cub/train", {"a/1.jpg": 0})
    metadata("cub/val", {"b/2.jpg": 1})
    tree = open_source(pictures("a/1.jpg", "b/2.jpg"))
    index = index_metadata(tree, metadata_folders(tmp_path / "cub"))
    assert index.class_names == ["a", "b"]
    assert index.expected == {"train": 1, "val": 1}


def test_masks_are_said_to_be_left_out(pictures, metadata):
    folder = metadata("test", {"a/1.jpg": 0}, [("a/1.jpg", "m.png", "i.png")])
    index = index_metadata(open_source(pictures("a/1.jpg")), metadata_folders(folder))
    (problem,) = index.problems
    assert "masks" in problem
    assert "openimages" in problem


def test_no_picture_is_there(pictures, metadata):
    folder = metadata("test", LABELS)
    tree = open_source(pictures("x/1.jpg"))
    with pytest.raises(SourceError, match=r"holds none of the pictures .*such as b/2\.jpg"):
        index_metadata(tree, metadata_folders(folder))
