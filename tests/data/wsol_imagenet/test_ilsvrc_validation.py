import numpy as np
import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.source_tree import open_source
from tfwsol.data.wsol_imagenet.ilsvrc_validation import validation_records
from tfwsol.data.wsol_metadata import Metadata

NAME = "ILSVRC2012_val_00000001"
ID = f"val/{NAME}.JPEG"


@pytest.fixture
def records(tmp_path, make):
    """The records of one picture, kept at a path, with a box file or without."""

    def read(path=f"val/{NAME}.JPEG", annotation=None, metadata=None):
        make.write(tmp_path, {path: make.picture(1), "boxes.xml": annotation or b""})
        tree = open_source(tmp_path)
        boxes = {NAME: tree.file("boxes.xml")} if annotation else {}
        return validation_records({NAME: tree.file(path)}, boxes, metadata)

    return read


def metadata(label, boxes=None):
    return Metadata((ID,), np.array([label]), {ID: (12, 16)}, boxes or {})


def test_the_box_file_is_asked_first(records, make):
    annotation = make.xml(NAME, "n01443537", (1, 2, 3, 4), (1.5, 2, 3, 4))
    known = metadata(1, {ID: np.array([[9.0, 9.0, 9.0, 9.0]])})
    (record,), problems = records(f"val/n01443537/{NAME}.JPEG", annotation, known)
    assert (record.image_id, record.label, record.size) == (ID, 1, (12, 16))
    assert record.boxes == ((1, 2, 3, 4), (1.5, 2, 3, 4))
    assert problems == []


def test_sources_that_differ_are_told(records, make):
    (record,), problems = records(
        f"val/n01440764/{NAME}.JPEG", make.xml(NAME, "n01443537", (1, 2, 3, 4)), metadata(2)
    )
    assert record.label == 1
    assert problems == [f"test: the sources name different classes for 1 picture ({NAME})."]


def test_the_metadata_come_second_with_class_boxes_and_size(records):
    known = metadata(2, {ID: np.array([[1.0, 2.0, 3.0, 4.0]])})
    (record,), problems = records(f"val/n01440764/{NAME}.JPEG", metadata=known)
    assert (record.label, record.boxes, record.size) == (2, ((1.0, 2.0, 3.0, 4.0),), (12, 16))
    assert len(problems) == 1


def test_the_folder_comes_last_and_a_missing_box_file_is_named(records):
    (record,), problems = records(f"val/n01440764/{NAME}.JPEG")
    assert (record.label, record.boxes) == (0, ())
    assert problems == [
        f"test: there is no box (no XML file in ILSVRC2012_bbox_val_v3.tgz) for 1 picture ({NAME})."
    ]


@pytest.mark.parametrize("synset", ["n99999999", "tench"])
def test_a_picture_without_a_class_is_refused(records, make, synset):
    with pytest.raises(SourceError, match=f"names the class of 1 picture .{NAME}"):
        records(annotation=make.xml(NAME, synset, (1, 2, 3, 4)))
