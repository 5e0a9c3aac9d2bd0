import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.source_tree import open_source
from tfwsol.data.wsol_imagenet.ilsvrc_training import training_records


def test_classes_come_from_file_names_and_boxes_where_they_are(tmp_path, make):
    annotation = make.xml("x", "Scottish_deerhound", (9, 8, 2, 1), (1, 2, 3, 4), size=(99, 99))
    make.write(tmp_path, {"a.JPEG": make.picture(1), "a.xml": annotation})
    tree = open_source(tmp_path)
    pictures = dict.fromkeys(("n15075141_9", "n01443537_10", "n01443537_9"), tree.file("a.JPEG"))
    records = training_records(pictures, {"n01443537_9": tree.file("a.xml")})
    assert [(record.image_id, record.label, record.boxes) for record in records] == [
        ("train/n01443537/n01443537_10.JPEG", 1, ()),
        ("train/n01443537/n01443537_9.JPEG", 1, ((2, 1, 9, 8), (1, 2, 3, 4))),
        ("train/n15075141/n15075141_9.JPEG", 999, ()),
    ]
    assert {record.size for record in records} == {None}


def test_a_synset_of_another_year_is_refused(tmp_path, make):
    make.write(tmp_path, {"n02000000_1.JPEG": make.picture(1)})
    picture = open_source(tmp_path).file("n02000000_1.JPEG")
    with pytest.raises(SourceError, match=r"n02000000_1.JPEG .*synset n02000000, which is not"):
        training_records({"n02000000_1": picture}, {})
