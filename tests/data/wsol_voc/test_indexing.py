import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_voc.indexing import index_voc


def test_labels_come_from_the_list_when_there_is_no_xml_file(tmp_path, make):
    files = {name: data for name, data in make.FILES.items() if not name.startswith("Annot")}
    make.write(tmp_path, {**files, "train_aug.txt": "2011_000003 9 3", **make.SBD})
    (record,) = index_voc(tmp_path, None).splits["train_aug"]
    assert (record.label, record.labels, record.boxes, record.size) == (3, (3, 9), (), None)


def test_a_picture_that_nothing_is_known_of_is_left_out(tmp_path, make):
    files = {name: data for name, data in make.FILES.items() if "2011_000003" not in name}
    files["JPEGImages/2011_000003.jpg"] = make.picture()
    make.write(tmp_path, {**files, "train_aug.txt": make.SBD_LIST})
    index = index_voc(tmp_path, None)
    assert [record.image_id for record in index.splits["train_aug"]] == ["2008_000002"]
    words = "train_aug: nothing names a class of 1 picture (2011_000003), left out."
    assert words in index.problems


def test_a_drawing_of_background_alone_names_no_class(tmp_path, make):
    files = {name: data for name, data in make.FILES.items() if not name.startswith("Annot")}
    files["SegmentationClass/2007_000033.png"] = make.drawing((255, 1, 1))
    make.write(tmp_path, files)
    index = index_voc(tmp_path, None)
    assert index.splits["val"] == []
    assert [record.labels for record in index.splits["train"]] == [(0, 14), (11,)]


def test_a_drawing_that_cannot_be_read_for_labels_is_named(tmp_path, make):
    files = {name: data for name, data in make.FILES.items() if not name.startswith("Annot")}
    make.write(tmp_path, {**files, "SegmentationClass/2007_000033.png": b"no picture"})
    with pytest.raises(SourceError, match=r"2007_000033.png of .* cannot be read: its segment"):
        index_voc(tmp_path, None)


def test_sizes_are_those_of_the_xml_file(tmp_path, make):
    make.write(tmp_path, make.FILES)
    index = index_voc(tmp_path, None)
    assert {record.size for record in index.splits["train"]} == {(20, 30)}
    assert index.expected == {"train": 1464, "val": 1449}
