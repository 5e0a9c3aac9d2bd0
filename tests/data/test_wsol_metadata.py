import numpy as np
import pytest

from tfwsol.data.wsol_metadata import MetadataError, is_metadata_folder, read_metadata

FILES = {
    "image_ids.txt": "b/2.jpg\na/1.jpg\na/3 x.jpg",
    "class_labels.txt": "a/1.jpg,0\na/3 x.jpg,0\nb/2.jpg,17",
    "image_sizes.txt": "b/2.jpg,500,335\na/1.jpg,10,20\na/3 x.jpg,1,1",
    "localization.txt": "a/1.jpg,1,2,3,4\nb/2.jpg,60,27.5,385,331\na/1.jpg,0,0,9,19",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_boxes(folder):
    metadata = read_metadata(folder)
    assert metadata.image_ids == ("b/2.jpg", "a/1.jpg", "a/3 x.jpg")
    assert metadata.labels.dtype == np.int64
    assert metadata.labels.tolist() == [17, 0, 0]
    # The file has width before height.
    assert metadata.sizes == {"b/2.jpg": (335, 500), "a/1.jpg": (20, 10), "a/3 x.jpg": (1, 1)}
    assert metadata.boxes["b/2.jpg"].dtype == np.float64
    assert metadata.boxes["b/2.jpg"].tolist() == [[60, 27.5, 385, 331]]
    assert metadata.boxes["a/1.jpg"].tolist() == [[1, 2, 3, 4], [0, 0, 9, 19]]
    assert metadata.masks == metadata.ignore_masks == {}
    assert metadata.unlocalized() == ("a/3 x.jpg",)


def test_masks(folder):
    (folder / "localization.txt").write_text(
        "a/1.jpg,a/1_m.png,a/1_ignore.png\nb/2.jpg,m,i\na/1.jpg,a/1_n.png,\n"
    )
    metadata = read_metadata(folder)
    assert metadata.masks == {"a/1.jpg": ("a/1_m.png", "a/1_n.png"), "b/2.jpg": ("m",)}
    assert metadata.ignore_masks == {"a/1.jpg": "a/1_ignore.png", "b/2.jpg": "i"}
    assert metadata.boxes == {}
    assert metadata.unlocalized() == ("a/3 x.jpg",)


def test_sizes_and_places_may_be_empty_or_absent(folder):
    (folder / "image_sizes.txt").write_text("")
    (folder / "localization.txt").unlink()
    metadata = read_metadata(folder)
    assert metadata.sizes == metadata.boxes == metadata.masks == {}
    assert metadata.unlocalized() == metadata.image_ids


def test_a_proxy_list_is_a_part(folder):
    (folder / "image_ids_proxy.txt").write_text("a/1.jpg\n")
    metadata = read_metadata(folder, proxy=True)
    assert metadata.image_ids == ("a/1.jpg",)
    assert metadata.labels.tolist() == [0]
    assert list(metadata.boxes) == list(metadata.sizes) == ["a/1.jpg"]


def test_windows_line_ends_and_byte_order_marks(folder):
    for name, text in FILES.items():
        (folder / name).write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert read_metadata(folder).labels.tolist() == [17, 0, 0]


def test_which_folders_are_metadata(folder, tmp_path_factory):
    assert is_metadata_folder(folder)
    assert not is_metadata_folder(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("image_ids.txt", None, r"image_ids\.txt is missing"),
        ("image_ids.txt", "a/1.jpg\n\nb/2.jpg", r"image_ids\.txt, line 2: expected 1 comma"),
        ("image_ids.txt", "a/1.jpg\nb/2.jpg\na/1.jpg", r"line 3: a/1\.jpg is listed twice"),
        ("image_ids.txt", "a/9.jpg", r"class_labels\.txt has no line for a/9\.jpg"),
        ("class_labels.txt", "a/1.jpg,0,1", r"class_labels\.txt, line 1: expected 2 comma"),
        ("class_labels.txt", "a/1.jpg,-1", r"class_labels\.txt, line 1: a class .*got '-1'"),
        ("class_labels.txt", "a/1.jpg,0\na/1.jpg,1", r"line 2: a/1\.jpg has another class"),
        ("image_sizes.txt", "a/1.jpg,10,0", r"image_sizes\.txt, line 1: an image side .*'0'"),
        ("localization.txt", "a/1.jpg,1,2,3,4\na/1.jpg,m,", r"localization\.txt, line 2: expected"),
        ("localization.txt", "a/1.jpg,1,2,x,4", r"localization\.txt, line 1: a box is four"),
        ("localization.txt", "a/1.jpg,3,0,1,4", r"line 1: a box is 0 <= x0 <= x1"),
        ("localization.txt", "a/1.jpg,-1,0,1,4", r"line 1: a box is 0 <= x0 <= x1"),
        ("localization.txt", "a/1.jpg,0,0,nan,4", r"line 1: a box is 0 <= x0 <= x1"),
        ("localization.txt", "a/1.jpg,m,", r"line 1: expected a mask, and the ignore mask"),
        ("localization.txt", "a/1.jpg,m,i\na/1.jpg,n,i", r"line 2: expected a mask"),
    ],
)
def test_wrong_lines_are_named(folder, name, text, said):
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text)
    with pytest.raises(MetadataError, match=said):
        read_metadata(folder)


def test_a_file_that_is_no_text(folder):
    (folder / "image_ids.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(MetadataError, match=r"image_ids\.txt is not UTF-8 text"):
        read_metadata(folder)
