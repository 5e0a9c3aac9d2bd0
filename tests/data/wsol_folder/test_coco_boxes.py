import json

import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_folder.annotation import Annotation
from tfwsol.data.wsol_folder.coco_boxes import read_coco

IMAGES = [
    {"id": 7, "file_name": "a/1.jpg", "height": 20, "width": 30},
    {"id": 8, "file_name": "2.jpg"},
]
CATEGORIES = [{"id": 1, "name": "cat"}, {"id": 3, "name": "dog"}]


def read(tmp_path, **parts):
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps({"images": IMAGES, "categories": CATEGORIES, **parts}))
    return list(read_coco(path))


def box(number=1, **parts):
    return {"id": number, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3.5, 4], **parts}


def test_boxes_image_by_image(tmp_path):
    entries = [box(image_id=8), box(2), box(3, category_id=3), box(4, iscrowd=1)]
    assert read(tmp_path, annotations=entries) == [
        Annotation("a/1.jpg", (1, 2, 4.5, 6), "cat", (20, 30)),
        Annotation("a/1.jpg", (1, 2, 4.5, 6), "dog", (20, 30)),
        Annotation("2.jpg", (1, 2, 4.5, 6), "cat"),
    ]


def test_images_without_boxes(tmp_path):
    found = read(tmp_path, annotations=[])
    assert found == [Annotation("a/1.jpg", size=(20, 30)), Annotation("2.jpg")]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "expected a list of objects called 'annotations'"),
        ({"annotations": [1]}, "expected a list of objects called 'annotations'"),
        ({"annotations": [], "images": {}}, "expected a list of objects called 'images'"),
        ({"annotations": [box(bbox=[1, 2, 3])]}, "annotation 1: expected a bbox of x, y"),
        ({"annotations": [box(bbox=[1, 2, 3, "4"])]}, "annotation 1: expected a bbox of x, y"),
        ({"annotations": [box(bbox=[1, 2, -3, 4])]}, "annotation 1: a box is 0 <= x0"),
        ({"annotations": [box(image_id=9)]}, "annotation 1 belongs to image 9"),
        ({"annotations": [box(image_id=[])]}, "an entry of annotations has no 'image_id'"),
        ({"annotations": [box(category_id=2)]}, "belongs to image 7 and category 2"),
        ({"annotations": [], "images": [*IMAGES, *IMAGES]}, "the id 7 is used twice in 'images'"),
        ({"annotations": [], "images": [{"id": 1}]}, "an entry of images has no 'file_name'"),
    ],
)
def test_wrong_entries_are_named(tmp_path, parts, said):
    with pytest.raises(SourceError, match=rf"boxes\.json.*{said}"):
        read(tmp_path, **parts)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_no_json(tmp_path, content):
    (tmp_path / "boxes.json").write_bytes(content)
    with pytest.raises(SourceError, match=r"boxes\.json is not JSON"):
        list(read_coco(tmp_path / "boxes.json"))


def test_a_list(tmp_path):
    (tmp_path / "boxes.json").write_text("[]")
    with pytest.raises(SourceError, match="is no COCO file"):
        list(read_coco(tmp_path / "boxes.json"))
