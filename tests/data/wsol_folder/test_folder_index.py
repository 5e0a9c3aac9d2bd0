import json

import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.source_tree import open_source
from tfwsol.data.wsol_folder.folder_index import index_folder


def index(source, boxes=None, labels="auto"):
    return index_folder(open_source(source), boxes, labels)


def rows(index, split="test"):
    return [(record.image_id, record.label, record.boxes) for record in index.splits[split]]


def table(tmp_path, *lines, header="image,x0,y0,x1,y1"):
    path = tmp_path / "boxes.csv"
    path.write_text("\n".join([header, *lines]))
    return path


def voc(folder, **shown):
    """A folder of VOC files; each picture shows objects given as (name, x0, y0, x1, y1)."""
    folder.mkdir()
    for name, objects in shown.items():
        text = "".join(
            f"<object><name>{label}</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}"
            f"</xmax><ymax>{y1}</ymax></bndbox></object>"
            for label, x0, y0, x1, y1 in objects
        )
        size = "<size><width>30</width><height>20</height></size>"
        (folder / f"{name}.xml").write_text(f"<annotation>{size}{text}</annotation>")
    return folder


def test_class_folders(pictures):
    found = index(pictures("dog/1.jpg", "cat/2.png", "cat/x/3.jpg"))
    assert found.class_names == ["cat", "dog"]
    assert rows(found) == [("cat/2.png", 0, ()), ("cat/x/3.jpg", 0, ()), ("dog/1.jpg", 1, ())]
    assert found.expected == {}
    assert found.problems == []


def test_split_folders_share_their_classes(pictures):
    found = index(pictures("train/dog/1.jpg", "val/cat/2.jpg"))
    assert rows(found, "train") == [("train/dog/1.jpg", 1, ())]
    assert rows(found, "val") == [("val/cat/2.jpg", 0, ())]


def test_one_class_folder(pictures):
    found = index(pictures("bird/1.jpg", "bird/2.jpg"))
    assert found.class_names == ["bird"]


def test_a_table_of_boxes(pictures, tmp_path):
    source = pictures("dog/1.jpg", "cat/2.jpg", "cat/3.jpg")
    lines = ["dog/1.jpg,1,2,3,4", f"{source}/cat/2.jpg,0,0,9,9", "dog/1.jpg,5,6,7.5,8"]
    assert rows(index(source, table(tmp_path, *lines))) == [
        ("cat/2.jpg", 0, ((0, 0, 9, 9),)),
        ("cat/3.jpg", 0, ()),
        ("dog/1.jpg", 1, ((1, 2, 3, 4), (5, 6, 7.5, 8))),
    ]


def test_a_table_of_labels_comes_before_folders(pictures, tmp_path):
    lines = ["a/1.jpg,1,2,3,4,7", "b/2.jpg,,,,,3"]
    boxes = table(tmp_path, *lines, header="image,x0,y0,x1,y1,label")
    found = index(pictures("a/1.jpg", "b/2.jpg"), boxes)
    assert rows(found) == [("a/1.jpg", 7, ((1, 2, 3, 4),)), ("b/2.jpg", 3, ())]
    assert len(found.class_names) == 8
    found = index(pictures("a/1.jpg", "b/2.jpg"), boxes, "folders")
    # Numbers are no names of these folders, so all boxes are kept.
    assert rows(found) == [("a/1.jpg", 0, ((1, 2, 3, 4),)), ("b/2.jpg", 1, ())]


def test_a_picture_without_a_label_is_left_out_and_named(pictures, tmp_path):
    boxes = table(tmp_path, "1.jpg,1,2,3,4,cat", header="image,x0,y0,x1,y1,label")
    found = index(pictures("1.jpg", "2.jpg"), boxes)
    assert rows(found) == [("1.jpg", 0, ((1, 2, 3, 4),))]
    assert found.problems == ["Left out, since nothing names their class: 1 picture (2.jpg)."]


def test_pictures_that_are_missing_are_counted_and_named(pictures, tmp_path):
    source = pictures("cat/1.jpg", "dog/2.jpg")
    found = index(source, table(tmp_path, "cat/1.jpg,1,2,3,4", "dog/9.jpg,1,2,3,4"))
    assert found.expected == {"test": 3}
    (problem,) = found.problems
    assert problem.startswith(f"{tmp_path}/boxes.csv names what is not in")
    assert problem.endswith(": 1 picture (dog/9.jpg).")


def test_missing_pictures_belong_to_the_split_they_name(pictures, tmp_path):
    source = pictures("train/a/1.jpg", "val/b/2.jpg")
    found = index(source, table(tmp_path, "train/a/1.jpg,1,2,3,4", "val/b/9.jpg,1,2,3,4"))
    assert found.expected == {"train": 1, "val": 2}


def test_boxes_of_other_pictures(pictures, tmp_path):
    with pytest.raises(SourceError, match=r"holds none of the pictures that .*such as x/1\.jpg"):
        index(pictures("cat/1.jpg"), table(tmp_path, "x/1.jpg,1,2,3,4"))


def test_voc_in_class_folders_keeps_the_boxes_of_the_class(pictures, tmp_path):
    both = [("cat", 1, 2, 3, 4), ("dog", 0, 0, 20, 20)]
    boxes = voc(tmp_path / "xml", **{"1": both, "2": both})
    found = index(pictures("cat/1.jpg", "dog/2.jpg"), boxes)
    assert rows(found) == [
        ("cat/1.jpg", 0, ((1, 2, 3, 4),)),
        ("dog/2.jpg", 1, ((0, 0, 20, 20),)),
    ]
    assert found.splits["test"][0].size == (20, 30)


def test_voc_with_names_that_are_not_those_of_folders_keeps_all_boxes(pictures, tmp_path):
    boxes = voc(tmp_path / "xml", **{"1": [("object", 1, 2, 3, 4)], "2": [("object", 5, 6, 7, 8)]})
    found = index(pictures("cat/1.jpg", "dog/2.jpg"), boxes)
    assert [record.boxes for record in found.splits["test"]] == [((1, 2, 3, 4),), ((5, 6, 7, 8),)]


def test_voc_names_the_classes_of_one_folder(pictures, tmp_path):
    shown = {"1": [("cat", 1, 2, 3, 4)], "2": [("dog", 1, 2, 3, 4), ("cat", 0, 0, 9, 9)]}
    found = index(pictures("images/1.jpg", "images/2.jpg"), voc(tmp_path / "xml", **shown))
    assert found.class_names == ["cat"]
    assert rows(found) == [
        ("images/1.jpg", 0, ((1, 2, 3, 4),)),
        ("images/2.jpg", 0, ((0, 0, 9, 9),)),
    ]
    (problem,) = found.problems
    assert problem.endswith("in 1 picture (images/2.jpg).")


def test_coco_names_the_classes_of_flat_pictures(pictures, tmp_path):
    images = [{"id": n, "file_name": f"{n}.jpg", "height": 20, "width": 30} for n in (1, 2)]
    entries = [
        {"id": 1, "image_id": 2, "category_id": 5, "bbox": [1, 2, 3, 4]},
        {"id": 2, "image_id": 1, "category_id": 6, "bbox": [0, 0, 30, 20]},
    ]
    categories = [{"id": 5, "name": "dog"}, {"id": 6, "name": "cat"}]
    path = tmp_path / "boxes.json"
    path.write_text(
        json.dumps({"images": images, "annotations": entries, "categories": categories})
    )
    found = index(pictures("1.jpg", "2.jpg"), path)
    assert found.class_names == ["cat", "dog"]
    assert rows(found) == [("1.jpg", 0, ((0, 0, 30, 20),)), ("2.jpg", 1, ((1, 2, 4, 6),))]


def test_flat_pictures_without_labels(pictures, tmp_path):
    source = pictures("1.jpg")
    for boxes in (None, table(tmp_path, "1.jpg,1,2,3,4")):
        with pytest.raises(SourceError, match="Nothing names the classes"):
            index(source, boxes)
    with pytest.raises(SourceError, match="do not lie in class folders"):
        index(source, None, "folders")


def test_an_unknown_kind_of_file(pictures, tmp_path):
    (tmp_path / "boxes.txt").write_text("")
    with pytest.raises(SourceError, match=r"boxes\.txt is no file of boxes"):
        index(pictures("cat/1.jpg"), tmp_path / "boxes.txt")


def test_no_pictures(tmp_path):
    with pytest.raises(SourceError, match="holds no pictures"):
        index(tmp_path)
