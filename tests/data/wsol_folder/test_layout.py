import pytest

from tfwsol.data.wsol_folder.layout import find_layout, is_picture, number_classes


def test_class_folders():
    layout = find_layout(["dog/2.png", "cat/x/1.JPG", "notes.txt", "dog/.2.png", "dog/2.xml"])
    assert layout.splits == {"cat/x/1.JPG": "test", "dog/2.png": "test"}
    assert layout.folders == {"cat/x/1.JPG": "cat", "dog/2.png": "dog"}
    assert layout.in_class_folders


def test_split_folders():
    layout = find_layout(["train/dog/1.jpg", "val/cat/2.jpg", "README.md"])
    assert layout.splits == {"train/dog/1.jpg": "train", "val/cat/2.jpg": "val"}
    assert layout.folders == {"train/dog/1.jpg": "dog", "val/cat/2.jpg": "cat"}


def test_a_class_called_train():
    layout = find_layout(["train/1.jpg", "bus/2.jpg"])
    assert layout.folders == {"bus/2.jpg": "bus", "train/1.jpg": "train"}
    assert set(layout.splits.values()) == {"test"}


@pytest.mark.parametrize(
    "names", [["1.jpg"], ["images/1.jpg", "images/2.jpg"], ["a/1.jpg", "2.jpg"]]
)
def test_flat_folders(names):
    assert not find_layout(names).in_class_folders


def test_no_pictures():
    assert find_layout(["a.txt"]).splits == {}


@pytest.mark.parametrize(
    ("name", "counts"),
    [("a/b.JPEG", True), ("a/b.webp", True), ("a/.b.jpg", False), (".a/b.jpg", False)],
)
def test_pictures(name, counts):
    assert is_picture(name) == counts


def test_macos_leaves_files_that_are_no_pictures():
    assert not is_picture("__MACOSX/a/b.jpg")


def test_classes_are_numbered_by_name():
    names, numbers = number_classes(["dog", "cat", "dog", "10"])
    assert names == ["10", "cat", "dog"]
    assert numbers == {"10": 0, "cat": 1, "dog": 2}


def test_whole_numbers_are_the_classes_themselves():
    names, numbers = number_classes(["10", "2", "2"])
    assert names == [str(number) for number in range(11)]
    assert numbers == {"10": 10, "2": 2}


@pytest.mark.parametrize("names", [["001", "002"], ["20240131", "20240201"]])
def test_numbers_that_are_names(names):
    assert number_classes(names) == (names, {names[0]: 0, names[1]: 1})
