import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.source_tree import open_source
from tfwsol.data.wsol_cub.lists import read_lists

LISTS = {
    "classes.txt": "1 001.Black_footed_Albatross\n2 002.Laysan_Albatross\n",
    "images.txt": "1 001.Black_footed_Albatross/a.jpg\n2 002.Laysan_Albatross/b.jpg\n",
    "image_class_labels.txt": "1 1\n2 2\n",
    "train_test_split.txt": "1 0\n2 1\n",
    "bounding_boxes.txt": "1 60.0 27.0 325.0 304.0\n2 139.5 30.0 153.25 264.0\n",
}


def read(folder, **changes):
    for name, text in (LISTS | {f"{key}.txt": text for key, text in changes.items()}).items():
        if text is not None:
            (folder / name).write_text(text)
    return read_lists(open_source(folder))


def test_the_lists_become_pictures(tmp_path):
    lists = read(tmp_path)
    assert lists.folder == ""
    assert lists.class_names == ("001.Black_footed_Albatross", "002.Laysan_Albatross")
    first, second = lists.pictures
    # The first box of CUB-200-2011; wsolevaluation lists it as 60,27,385,331.
    assert first == ("001.Black_footed_Albatross/a.jpg", 0, False, (60, 27, 385, 331))
    assert second == ("002.Laysan_Albatross/b.jpg", 1, True, (139.5, 30, 292.75, 294))


def test_windows_line_ends_and_folders_above(tmp_path):
    (tmp_path / "CUB_200_2011").mkdir()
    for name, text in LISTS.items():
        (tmp_path / "CUB_200_2011" / name).write_bytes(text.replace("\n", "\r\n").encode())
    lists = read_lists(open_source(tmp_path))
    assert lists.folder == "CUB_200_2011/"
    assert [picture.label for picture in lists.pictures] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": None}, "holds no images.txt"),
        ({"classes": None}, "holds no file 'classes.txt'"),
        (
            {"bounding_boxes": "1 60.0 27.0 325.0 304.0\n"},
            r"bounding_boxes\.txt of .* has no line for picture 2, 002\.Laysan_Albatross/b\.jpg",
        ),
        ({"image_class_labels": "2 2\n"}, r"image_class_labels\.txt of .* picture 1, 001"),
        ({"train_test_split": "1 0\n\n2 1\n"}, r"train_test_split\.txt of .*, line 2: expected"),
        (
            {"bounding_boxes": "1 60.0 27.0 325.0\n"},
            r"bounding_boxes\.txt of .*, line 1.*4 further",
        ),
        ({"bounding_boxes": "1 1 2 3 x\n2 1 2 3 4\n"}, "gives picture 1 '1 2 3 x', which is no n"),
        ({"classes": "1 a\n3 b\n"}, "does not number its classes from 1"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path, changes, words):
    with pytest.raises(SourceError, match=words):
        read(tmp_path, **changes)
