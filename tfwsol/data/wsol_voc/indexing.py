"""A download of PASCAL VOC 2012 as one index: segmentation splits and the SBD training list."""

from __future__ import annotations

from pathlib import Path

from tfwsol.data.pascal_xml import read_annotation
from tfwsol.data.preparation.picture import PictureError
from tfwsol.data.preparation.record import Index, Record, SourceError
from tfwsol.data.preparation.segmentation import classes_in
from tfwsol.data.preparation.source_tree import SourceFile
from tfwsol.data.some_names import some_names
from tfwsol.data.wsol_voc.classes import CLASS_NAMES
from tfwsol.data.wsol_voc.picture_list import read_list
from tfwsol.data.wsol_voc.source_files import LISTS, VocFiles, find_files

PUBLISHED = {"train": 1_464, "val": 1_449, "train_aug": 10_582}
"""Pictures per split."""

Box = tuple[float, float, float, float]


def index_voc(source: Path, work_dir: Path | None) -> Index:
    """The pictures of every list that is there, in its order.

    Args:
        source: Folder or archive as the builder's ``WHERE`` describes it.
        work_dir: Where decompressed archives may be kept.

    Raises:
        SourceError: If the lists are missing, or a file is damaged or names an unknown class.
    """
    files = find_files(source, work_dir)
    splits: dict[str, list[Record]] = {}
    problems: list[str] = []
    for split in LISTS:
        if split in files.lists:
            splits[split], noticed = _records(split, files)
            problems += noticed
    if "train_aug" not in splits:
        problems.append("There is no train_aug.txt (the SBD list), so no split train_aug.")
    return Index(splits, CLASS_NAMES, {split: PUBLISHED[split] for split in splits}, problems)


def _records(split: str, files: VocFiles) -> tuple[list[Record], list[str]]:
    """The pictures of one list, and one sentence for each kind of thing that is missing."""
    file = files.lists[split]
    records: list[Record] = []
    missing: dict[str, list[str]] = {kind: [] for kind in _MISSING}
    for name, listed in read_list(file.tree.text(file.name), str(file)).items():
        picture = files.parts["JPEGImages"].get(name)
        drawn = _segmentation(split, name, files)
        boxes, labels, size = _objects(files.parts["Annotations"].get(name))
        labels = labels or listed or _painted(drawn)
        for kind, there in (("picture", picture), ("label", labels), ("mask", drawn)):
            if not there:
                missing[kind].append(name)
        if size is None:
            missing["xml"].append(name)
        if picture and labels:
            masks = (drawn,) if drawn else ()
            record = Record(name, labels[0], picture, boxes, size, masks, drawn, labels)
            records.append(record)
    told = [_MISSING[kind].format(some_names(names)) for kind, names in missing.items() if names]
    return records, [f"{split}: {sentence}" for sentence in told]


_MISSING = {
    "picture": "JPEGImages has no file for {}, left out.",
    "xml": "Annotations has no file for {}, so these have no boxes.",
    "label": "nothing names a class of {}, left out.",
    "mask": "there is no segmentation of {}, which is 255 there: unknown.",
}


def _segmentation(split: str, name: str, files: VocFiles) -> SourceFile | None:
    """The official drawing, or for the SBD list the one that was made for it."""
    official = files.parts["SegmentationClass"].get(name)
    if split == "train_aug":
        return files.parts["SegmentationClassAug"].get(name, official)
    return official


def _objects(
    file: SourceFile | None,
) -> tuple[tuple[Box, ...], tuple[int, ...], tuple[int, int] | None]:
    """Boxes, sorted classes and size of a picture from its XML file.

    VOC counts pixels from 1 and includes the last, so the first corner moves by one pixel and
    the second stays: corners then enclose the box's pixels, and a box of the whole picture is
    (0, 0, width, height). Objects marked as difficult count like all others.
    """
    if file is None:
        return (), (), None
    found = read_annotation(file.read(), str(file))
    for shown in found.objects:
        if shown.name not in CLASS_NAMES:
            raise SourceError(f"{file} names {shown.name!r}, which is no class of PASCAL VOC.")
    corners = [shown.box for shown in found.objects]
    labels = sorted({CLASS_NAMES.index(shown.name) for shown in found.objects})
    boxes = tuple((x0 - 1, y0 - 1, x1, y1) for x0, y0, x1, y1 in corners)
    return boxes, tuple(labels), found.size


def _painted(file: SourceFile | None) -> tuple[int, ...]:
    """The classes that occur in a segmentation."""
    if file is None:
        return ()
    try:
        return classes_in(file.read())
    except PictureError as error:
        raise SourceError(f"{file} cannot be read: {error}.") from error
