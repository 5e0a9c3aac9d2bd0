"""Where the parts of PASCAL VOC 2012 and of the SBD list lie, in folders or in archives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.source_tree import SourceFile, SourceTree, open_source

ARCHIVES = (
    "VOCtrainval_11-May-2012.tar",
    "VOC2012_trainval.tar",
    "SegmentationClassAug.zip",
    "SegmentationClassAug.tar.gz",
    "SegmentationClassAug.tar",
)
_OTHER_YEAR = re.compile(r"(?:^|/)VOC20(?!12)\d\d")
LISTS = {"train": "train.txt", "val": "val.txt", "train_aug": "train_aug.txt"}
_FOLDERS = ("JPEGImages", "Annotations", "SegmentationClass", "SegmentationClassAug")


@dataclass
class VocFiles:
    """The files of a download by what they belong to.

    Attributes:
        parts: Files of ``JPEGImages``, ``Annotations``, ``SegmentationClass`` and
            ``SegmentationClassAug``, by the name of their picture: ``2007_000032``.
        lists: The list of pictures of each split that has one.
    """

    parts: dict[str, dict[str, SourceFile]] = field(
        default_factory=lambda: {folder: {} for folder in _FOLDERS}
    )
    lists: dict[str, SourceFile] = field(default_factory=dict)


def find_files(source: Path, work_dir: Path | None) -> VocFiles:
    """The files of VOC 2012 below a folder, or in the archives that lie in it.

    Args:
        source: A folder that holds the archives under their official names, their content in
            folders of any depth, or some of both; or the official archive itself.
        work_dir: Where decompressed archives may be kept.

    Raises:
        SourceError: If an archive is damaged or unsafe, or the lists of VOC 2012 are not there.
    """
    files = VocFiles()
    for tree in _trees(source, work_dir):
        for name in tree.names():
            _sort_in(tree, name, files)
    for split in ("train", "val"):
        if split not in files.lists:
            raise SourceError(
                f"{source} holds no ImageSets/Segmentation/{LISTS[split]} of VOC 2012; unpack "
                "VOCtrainval_11-May-2012.tar there or put it there whole."
            )
    return files


def _trees(source: Path, work_dir: Path | None) -> Iterator[SourceTree]:
    """The folder first: what lies unpacked is taken before what is in an archive."""
    tree = open_source(source, work_dir)
    yield tree
    if source.is_dir():
        for name in tree.names():
            if name.rpartition("/")[2] in ARCHIVES:
                yield open_source(source / name, work_dir)


def _sort_in(tree: SourceTree, name: str, files: VocFiles) -> None:
    path = PurePosixPath(name)
    # Folders of other years often lie beside this one.
    if _OTHER_YEAR.search(name):
        return
    folder, file = path.parent.name, SourceFile(tree, name)
    if folder in _FOLDERS and path.suffix in (".jpg", ".xml", ".png"):
        files.parts[folder].setdefault(path.stem, file)
    elif folder == "Segmentation" and path.name in (LISTS["train"], LISTS["val"]):
        files.lists.setdefault(path.stem, file)
    elif path.name in (LISTS["train_aug"], "trainaug.txt"):
        files.lists.setdefault("train_aug", file)
