import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_folder.annotation import PictureNames, checked_box

PICTURES = ["1.jpg", "cat/1.jpg", "cat/2.png", "test/dog/3.jpeg", "cat/2.b.jpg"]


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("cat/1.jpg", "cat/1.jpg"),
        ("./cat//1.jpg", "cat/1.jpg"),
        ("cat\\1.jpg", "cat/1.jpg"),
        ("1.jpg", "1.jpg"),
        ("2.png", "cat/2.png"),
        ("dog/3.jpeg", "test/dog/3.jpeg"),
        ("3", "test/dog/3.jpeg"),
        ("cat/1", "cat/1.jpg"),
        ("1", "1.jpg"),
        ("2.b", "cat/2.b.jpg"),
        ("/data/birds/cat/1.jpg", "cat/1.jpg"),
        ("/data/birds/../birds/cat/1.jpg", "cat/1.jpg"),
        ("/data/cat/1.jpg", None),
        ("at/1.jpg", None),
        ("og/3", None),
        ("4.jpg", None),
    ],
)
def test_pictures_are_found(name, picture):
    assert PictureNames("/data/birds", PICTURES).find(name, "boxes.csv") == picture


def test_a_name_of_several_pictures():
    names = PictureNames("/data", ["a/1.jpg", "b/1.jpg"])
    with pytest.raises(SourceError, match=r"boxes\.csv: 1\.jpg may be a/1\.jpg or b/1\.jpg"):
        names.find("1.jpg", "boxes.csv")


def test_boxes():
    assert checked_box([0, 0.5, 0, 7], "x") == (0, 0.5, 0, 7)


@pytest.mark.parametrize(
    "corners",
    [(-1, 0, 1, 1), (2, 0, 1, 1), (0, 2, 1, 1), (0, 0, float("inf"), 1), (0, 0, "nan", 1)],
)
def test_no_boxes(corners):
    with pytest.raises(SourceError, match="line 7: a box is 0 <= x0"):
        checked_box(map(float, corners), "boxes.csv, line 7")
