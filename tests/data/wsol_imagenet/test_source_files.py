import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_imagenet.source_files import find_files


@pytest.mark.parametrize("layout", ["archives", "folders"])
def test_names_are_the_same_in_archives_and_folders(layout, request, tmp_path):
    found = find_files(request.getfixturevalue(layout), tmp_path / "work")
    names = ["n01440764_10026", "n01440764_36", "n01443537_16", "n01443537_2"]
    assert sorted(found.train) == names
    assert sorted(found.test) == [f"ILSVRC2012_val_{number:08}" for number in (1, 2, 3)]
    assert sorted(found.test_boxes) == sorted(found.test)
    assert sorted(found.train_boxes) == ["n01440764_10026", "n01443537_9999"]
    assert sorted(found.v2) == ["0/0.jpeg", "0/1.jpeg", "10/0.jpeg", "2/0.jpeg"]


def test_one_archive_alone(archives):
    assert len(find_files(archives / "ILSVRC2012_img_train.tar", None).train) == 4
    assert len(find_files(archives / "imagenetv2-threshold0.7.tar.gz", None).v2) == 4


def test_what_lies_unpacked_is_taken_before_the_archive(archives, make):
    make.write(archives, {"val/ILSVRC2012_val_00000007.JPEG": make.picture(0)})
    found = find_files(archives, None)
    assert list(found.test) == ["ILSVRC2012_val_00000007"]
    assert len(found.test_boxes) == 3


def test_other_variants_of_imagenet_v2_are_left_alone(tmp_path, make):
    make.write(tmp_path, {"imagenetv2-matched-frequency-format-val/0/0.jpeg": make.picture(0)})
    assert find_files(tmp_path, None).v2 == {}


def test_an_archive_that_is_cut_off_is_named(archives):
    path = archives / "ILSVRC2012_bbox_val_v3.tgz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SourceError, match=r"ILSVRC2012_bbox_val_v3.tgz is cut off or damaged"):
        find_files(archives, None)
