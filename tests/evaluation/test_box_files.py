"""Files of boxes, and that our own readers take them back."""

import json

import numpy as np
import pytest
from PIL import Image

from tfwsol.data import registry
from tfwsol.data.wsol_folder.coco_boxes import read_coco
from tfwsol.data.wsol_folder.csv_boxes import read_csv
from tfwsol.evaluation.box_files import boxes_coco, boxes_csv, class_label

NAMES = ["cat, tabby", "dog", 'an "owl"']


def entry(image_id, *found):
    return {
        "image_id": image_id,
        "height": 30,
        "width": 40,
        "found": [
            {"class_id": k, "class_name": NAMES[k], "score": score, "boxes": boxes}
            for k, score, boxes in found
        ],
    }


IMAGES = [
    entry("a/1.png", (0, 0.75, [[1.25, 2.0, 31.5, 22.0], [0.0, 0.0, 3.0, 3.0]])),
    entry("ä 2.png", (2, 0.5, [[10.1, 0.0, 40.0, 30.0]]), (1, 0.25, [])),
    entry("3.png", (1, 0.125, [])),
]


def test_the_table_by_hand():
    assert boxes_csv(IMAGES).splitlines() == [
        "image,x0,y0,x1,y1,label,score",
        'a/1.png,1.25,2.0,31.5,22.0,"cat, tabby",0.75',
        'a/1.png,0.0,0.0,3.0,3.0,"cat, tabby",0.75',
        'ä 2.png,10.1,0.0,40.0,30.0,"an ""owl""",0.5',
        "3.png,,,,,dog,0.125",
    ]


def test_coco_by_hand():
    content = boxes_coco(IMAGES, NAMES, "words")
    assert content["categories"] == [
        {"id": 1, "name": "cat, tabby", "supercategory": "object"},
        {"id": 2, "name": "dog", "supercategory": "object"},
        {"id": 3, "name": 'an "owl"', "supercategory": "object"},
    ]
    assert content["images"][1] == {"id": 2, "file_name": "ä 2.png", "width": 40, "height": 30}
    assert [found["id"] for found in content["annotations"]] == [1, 2, 3]
    assert content["annotations"][0] == {
        "id": 1,
        "image_id": 1,
        "category_id": 1,
        "bbox": [1.25, 2.0, 30.25, 20.0],
        "area": 605.0,
        "iscrowd": 0,
        "score": 0.75,
    }
    assert content["annotations"][2]["category_id"] == 3
    assert content["annotations"][2]["bbox"] == [10.1, 0.0, 29.9, 30.0]


def test_our_readers_take_both_files(tmp_path):
    (tmp_path / "boxes.csv").write_text(boxes_csv(IMAGES), encoding="utf-8")
    (tmp_path / "coco.json").write_text(json.dumps(boxes_coco(IMAGES, NAMES, "")))
    rows, annotations = read_csv(tmp_path / "boxes.csv"), list(read_coco(tmp_path / "coco.json"))
    rows = list(rows)
    assert [row.picture for row in rows] == [found.picture for found in annotations]
    for row, found in zip(rows, annotations, strict=True):
        assert (row.box is None) == (found.box is None)
        if row.box:
            assert row.label == found.label
            np.testing.assert_allclose(row.box, found.box, atol=1e-9)
            assert found.size == (30, 40)


@pytest.mark.parametrize("kind", ["boxes.csv", "coco.json"])
def test_a_folder_data_set_is_made_of_them(tmp_path, kind):
    """Photographs whose classes are known from the boxes alone."""
    for image in IMAGES:
        path = tmp_path / "photos" / image["image_id"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30)).save(path)
    (tmp_path / "boxes.csv").write_text(boxes_csv(IMAGES), encoding="utf-8")
    (tmp_path / "coco.json").write_text(json.dumps(boxes_coco(IMAGES, NAMES, "")))
    where = {"source": tmp_path / "photos", "boxes": tmp_path / kind, "data_dir": tmp_path / "data"}
    if kind == "coco.json":
        # A picture without a box has no class in COCO, so it is left out.
        where["labels"] = "boxes"
    names = registry.facts("folder", **where).class_names
    examples = registry.load("folder", "test", **where).as_numpy_iterator()
    read = {example["image_id"].decode(): example for example in examples}
    first = read["a/1.png"]
    assert names[first["label"]] == "cat, tabby"
    np.testing.assert_allclose(first["boxes"], IMAGES[0]["found"][0]["boxes"], atol=1e-5)
    assert names[read["ä 2.png"]["label"]] == 'an "owl"'
    np.testing.assert_allclose(read["ä 2.png"]["boxes"], [[10.1, 0, 40, 30]], atol=1e-5)
    if kind == "boxes.csv":
        assert names[read["3.png"]["label"]] == "dog"
        assert read["3.png"]["boxes"].shape == (0, 4)


def test_a_class_always_has_a_label():
    assert class_label(1, ["cat", " "]) == "class 1"
    assert class_label(7, None) == "class 7"
    assert class_label(0, [" cat "]) == "cat"
