"""The records of a folder of pictures, with or without a file of boxes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tfwsol.data.preparation.record import Index, Record, SourceError
from tfwsol.data.preparation.source_tree import SourceTree
from tfwsol.data.some_names import some_names
from tfwsol.data.wsol_folder.annotation import Annotation, PictureNames
from tfwsol.data.wsol_folder.coco_boxes import read_coco
from tfwsol.data.wsol_folder.csv_boxes import read_csv
from tfwsol.data.wsol_folder.layout import Layout, find_layout, number_classes
from tfwsol.data.wsol_folder.metadata_index import index_metadata, metadata_folders
from tfwsol.data.wsol_folder.voc_boxes import read_voc

Annotated = Mapping[str, Sequence[Annotation]]


def index_folder(tree: SourceTree, boxes: Path | None, labels: str = "auto") -> Index:
    """The records of a source.

    Args:
        tree: The source, in one of the layouts of ``find_layout``.
        boxes: A CSV file, a COCO JSON file, a folder of VOC XML files or a wsolevaluation metadata
            folder, which then gives labels, ids and order; None: no picture has boxes.
        labels: Where classes come from: "folders", "boxes", or "auto", which takes the labels of
            a CSV file that has any, then class folders where there are two or more, then the
            labels of the boxes.

    Raises:
        SourceError: Nothing gives the classes, or the file of boxes is wrong or about other
            pictures.
    """
    splits = metadata_folders(boxes) if boxes else {}
    if splits:
        return index_metadata(tree, splits)
    layout = find_layout(tree.names())
    if not layout.splits:
        raise SourceError(f"{tree.path} holds no pictures; name the folder they are in.")
    annotated, missing = _annotations(tree, layout, boxes)
    if _takes_labels_of_boxes(tree, layout, boxes, annotated, labels):
        classes, odd = _classes_of_boxes(annotated)
    else:
        classes, odd = dict(layout.folders), []
    unlabelled = [name for name in layout.splits if classes.get(name) is None]
    if unlabelled:
        odd.append(f"Left out, since nothing names their class: {some_names(unlabelled)}.")
    if missing:
        odd.append(f"{boxes} names what is not in {tree.path}: {some_names(missing)}.")
    records, names = _records(tree, layout, classes, annotated)
    expected = Counter({split: len(found) for split, found in records.items()})
    expected.update(_split_of(name, layout) for name in missing)
    return Index(records, names, expected if missing else {}, odd)


def _annotations(
    tree: SourceTree, layout: Layout, boxes: Path | None
) -> tuple[dict[str, list[Annotation]], list[str]]:
    """The annotations of each picture, and the names for which there is none."""
    annotated: dict[str, list[Annotation]] = {}
    missing: dict[str, None] = {}
    names = PictureNames(tree.path, layout.splits)
    for annotation in _read(boxes) if boxes else ():
        picture = names.find(annotation.picture, str(boxes))
        if picture is None:
            missing[annotation.picture] = None
        else:
            annotated.setdefault(picture, []).append(annotation)
    if missing and not annotated:
        raise SourceError(
            f"{tree.path} holds none of the pictures that {boxes} names, such as "
            f"{next(iter(missing))}; name the folder that these paths start from."
        )
    return annotated, list(missing)


def _split_of(missing: str, layout: Layout) -> str:
    """The split that a picture would belong to if it were there."""
    known = sorted(set(layout.splits.values()))
    folder = missing.partition("/")[0]
    return folder if folder in known else known[0]


def _read(boxes: Path) -> Iterable[Annotation]:
    if boxes.is_dir():
        return read_voc(boxes)
    readers = {".csv": read_csv, ".json": read_coco}
    if boxes.suffix.lower() not in readers:
        raise SourceError(
            f"{boxes} is no file of boxes; expected a .csv, a COCO .json, a folder of VOC .xml "
            "files, or a wsolevaluation metadata folder."
        )
    return readers[boxes.suffix.lower()](boxes)


def _takes_labels_of_boxes(
    tree: SourceTree, layout: Layout, boxes: Path | None, annotated: Annotated, labels: str
) -> bool:
    named = any(entry.label is not None for entries in annotated.values() for entry in entries)
    folders = any(layout.folders.values())
    if labels == "boxes" or (labels == "auto" and not folders):
        if named:
            return True
        raise SourceError(
            f"Nothing names the classes of the pictures in {tree.path}; put them into one folder "
            "for each class, or give boxes with labels."
        )
    if labels == "auto":
        is_table = boxes is not None and boxes.suffix.lower() == ".csv"
        return named and (is_table or not layout.in_class_folders)
    if not folders:
        raise SourceError(f"The pictures in {tree.path} do not lie in class folders.")
    return False


def _classes_of_boxes(annotated: Annotated) -> tuple[dict[str, str | None], list[str]]:
    """The class of each picture: that of its largest box."""
    classes, several = {}, []
    for picture, entries in annotated.items():
        named = [entry for entry in entries if entry.label is not None]
        classes[picture] = max(named, key=_area).label if named else None
        if len({entry.label for entry in named}) > 1:
            several.append(picture)
    words = "Of several classes that of the largest box is taken, and the boxes of this class, in"
    return classes, [f"{words} {some_names(several)}."] if several else []


def _area(annotation: Annotation) -> float:
    if annotation.box is None:
        return -1.0
    x0, y0, x1, y1 = annotation.box
    return (x1 - x0) * (y1 - y0)


def _records(
    tree: SourceTree, layout: Layout, classes: Mapping[str, str | None], annotated: Annotated
) -> tuple[dict[str, list[Record]], list[str]]:
    """The records of each split, and the names of the classes."""
    names, numbers = number_classes(name for name in classes.values() if name is not None)
    labels = {entry.label for entries in annotated.values() for entry in entries}
    # Boxes may be labelled otherwise than the folders: all "object", or in another language.
    comparable = not labels.isdisjoint(numbers)
    splits: dict[str, list[Record]] = {}
    for picture, split in layout.splits.items():
        own, entries = classes.get(picture), annotated.get(picture, ())
        if own is None:
            continue
        boxes = tuple(
            entry.box
            for entry in entries
            if entry.box and (entry.label in (None, own) or not comparable)
        )
        size = next((entry.size for entry in entries if entry.size), None)
        record = Record(picture, numbers[own], tree.file(picture), boxes, size)
        splits.setdefault(split, []).append(record)
    return splits, names
