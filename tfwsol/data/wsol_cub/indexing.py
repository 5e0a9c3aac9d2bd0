"""From the files of CUB-200-2011 and CUBV2 to records."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from tfwsol.data.preparation.record import Index, Record, SourceError
from tfwsol.data.preparation.source_tree import SourceTree, find_source, open_source
from tfwsol.data.wsol_cub.lists import Lists, Picture, read_lists
from tfwsol.data.wsol_metadata import read_metadata

COUNTS = {"train": 5994, "test": 5794, "val": 1000}
"""Published number of pictures; val is CUBV2 (Choe et al., CVPR 2020)."""


def index_cub(source: Path, work_dir: Path | None) -> Index:
    """The records of CUB-200-2011 in the order of ``images.txt``, and of CUBV2 as listed.

    Args:
        source: The folder that holds CUB_200_2011.tgz or CUB_200_2011/, or one of these itself;
            beside it or in it may stand segmentations.tgz or segmentations/, CUBV2.tar or CUBV2/,
            and metadata/CUB/val of wsolevaluation.
        work_dir: Where decompressed archives may be kept.

    Raises:
        SourceError: If lists, or masks of some pictures only, are missing.
    """
    tree, folders = _open_birds(source, work_dir)
    lists = read_lists(tree)
    masks = _find(folders, ("segmentations", "segmentations.tgz", "segmentations.tar"), work_dir)
    problems = [] if masks else ["There is no segmentations.tgz, so there are no masks."]
    pictures, lost = _present(tree, lists)
    if lost:
        problems.append(
            f"{len(lost)} of {len(lists.pictures)} listed pictures are missing, first {lost[0]}."
        )
    suffixes = _Suffixes(masks)
    records = {True: [], False: []}
    for picture, file in pictures:
        drawn = (masks.file(suffixes.find(picture.name)),) if masks else ()
        record = Record(picture.name, picture.label, file, (picture.box,), masks=drawn)
        records[picture.is_train].append(record)
    splits = {"train": records[True], "test": records[False]}
    found = _validation(folders, work_dir)
    if isinstance(found, str):
        problems.append(found)
    else:
        splits["val"] = found
    expected = {split: COUNTS[split] for split in splits}
    return Index(splits, lists.class_names, expected, problems)


def _open_birds(source: Path, work_dir: Path | None) -> tuple[SourceTree, list[Path]]:
    """The official tree, and the folders in which the other files may stand."""
    if source.is_file():
        return open_source(source, work_dir), [source.parent]
    if (source / "images.txt").is_file():
        return open_source(source), [source, source.parent]
    names = ("CUB_200_2011", "CUB_200_2011.tgz", "CUB_200_2011.tar.gz", "CUB_200_2011.tar")
    tree = find_source(source, names, work_dir)
    if tree is None:
        raise SourceError(f"{source} holds neither CUB_200_2011.tgz nor the folder CUB_200_2011.")
    return tree, [source, source / "CUB_200_2011"]


def _find(
    folders: Sequence[Path], names: Sequence[str], work_dir: Path | None
) -> SourceTree | None:
    found = (find_source(folder, names, work_dir) for folder in folders)
    return next((tree for tree in found if tree), None)


def _present(tree: SourceTree, lists: Lists) -> tuple[list[tuple[Picture, object]], list[str]]:
    """The listed pictures that are there with their files, and the names of the others."""
    # The class folders stand below images/, or beside the lists where somebody moved them.
    below = f"{lists.folder}images/"
    if not any(name.startswith(below) for name in tree.names()):
        below = lists.folder
    there, lost = [], []
    for picture in lists.pictures:
        name = below + picture.name
        if tree.has(name):
            there.append((picture, tree.file(name)))
        else:
            lost.append(picture.name)
    return there, lost


class _Suffixes:
    """Finds files by the last two parts of their path without its ending."""

    def __init__(self, tree: SourceTree | None) -> None:
        self._tree = tree
        self._names = {self._key(name): name for name in tree.names()} if tree else {}

    @staticmethod
    def _key(name: str) -> str:
        return posixpath.splitext("/".join(name.split("/")[-2:]))[0]

    def find(self, name: str) -> str:
        found = self._names.get(self._key(name))
        if found is None:
            raise SourceError(f"{self._tree.path} holds no mask of {name}; unpack it again.")
        return found


def _validation(folders: Sequence[Path], work_dir: Path | None) -> list[Record] | str:
    """The records of CUBV2, or in one sentence why there are none."""
    lists = [folder / "metadata" / "CUB" / "val" for folder in folders]
    lists = [folder for folder in lists if folder.is_dir()]
    images = _find(folders, ("CUBV2", "CUBV2.tar", "CUBV2.tgz", "CUBV2.tar.gz"), work_dir)
    if not (lists and images):
        absent = "metadata/CUB/val" if images else "CUBV2.tar"
        return f"There is no {absent}, so there is no split val (CUBV2)."
    known = read_metadata(lists[0])
    for name in known.unlocalized()[:1]:
        raise SourceError(f"localization.txt in {lists[0]} has no line for {name}.")
    names = {"/".join(name.split("/")[-2:]): name for name in images.names()}
    records = []
    for image_id, label in zip(known.image_ids, known.labels.tolist(), strict=True):
        if image_id not in names:
            raise SourceError(f"{images.path} holds no {image_id}, which {lists[0]} lists.")
        boxes = tuple(tuple(box) for box in known.boxes[image_id].tolist())
        file = images.file(names[image_id])
        records.append(Record(image_id, label, file, boxes, known.sizes.get(image_id)))
    return records
