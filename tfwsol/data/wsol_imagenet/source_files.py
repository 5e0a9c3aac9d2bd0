"""Where the pictures and boxes of ImageNet lie, in the archives or in folders of any depth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tfwsol.data.preparation.source_tree import SourceFile, SourceTree, open_source

TRAIN_ARCHIVES = ("ILSVRC2012_img_train.tar",)
TEST_ARCHIVES = ("ILSVRC2012_img_val.tar",)
TEST_BOX_ARCHIVES = ("ILSVRC2012_bbox_val_v3.tgz", "ILSVRC2012_bbox_val_v3.tar.gz")
TRAIN_BOX_ARCHIVES = ("ILSVRC2012_bbox_train_v2.tar.gz", "ILSVRC2012_bbox_train_v2.tgz")
V2_ARCHIVES = ("imagenetv2-threshold0.7.tar.gz", "imagenetv2-threshold0.7.tar")

_TRAIN = re.compile(r"(?:.*/)?(n\d{8}_\d+)\.JPEG")
_TEST = re.compile(r"(?:.*/)?(ILSVRC2012_val_\d{8})\.JPEG")
_TRAIN_BOXES = re.compile(r"(?:.*/)?(n\d{8}_\d+)\.xml")
_TEST_BOXES = re.compile(r"(?:.*/)?(ILSVRC2012_val_\d{8})\.xml")
_V2 = re.compile(r"(?:.*/)?(?:imagenetv2-threshold-?0\.7[^/]*|val2)/(\d{1,3}/[^/]+\.jpe?g)", re.I)
_SYNSET_ARCHIVE = re.compile(r"(?:.*/)?n\d{8}\.tar")


@dataclass
class ImagenetFiles:
    """The files of a download by what they belong to.

    Attributes:
        train: Training pictures by name: ``n01440764_10026``.
        test: Pictures of the ILSVRC validation set by name: ``ILSVRC2012_val_00000001``.
        train_boxes, test_boxes: Box files by the name of their picture.
        v2: ImageNetV2 pictures by class folder and file name: ``0/0.jpeg``.
    """

    train: dict[str, SourceFile] = field(default_factory=dict)
    test: dict[str, SourceFile] = field(default_factory=dict)
    train_boxes: dict[str, SourceFile] = field(default_factory=dict)
    test_boxes: dict[str, SourceFile] = field(default_factory=dict)
    v2: dict[str, SourceFile] = field(default_factory=dict)


def find_files(source: Path, work_dir: Path | None) -> ImagenetFiles:
    """The files below a folder; an archive is opened where its content does not lie unpacked.

    Args:
        source: A folder that holds the archives under their official names, their content under
            its official names in folders of any depth, or some of both; or one such archive.
        work_dir: Where decompressed archives may be kept.

    Raises:
        SourceError: If an archive is damaged or unsafe.
    """
    tree = open_source(source, work_dir)
    files = ImagenetFiles()
    for pattern, archives, found in (
        (_TRAIN, TRAIN_ARCHIVES, files.train),
        (_TEST, TEST_ARCHIVES, files.test),
        (_TRAIN_BOXES, TRAIN_BOX_ARCHIVES, files.train_boxes),
        (_TEST_BOXES, TEST_BOX_ARCHIVES, files.test_boxes),
        (_V2, V2_ARCHIVES, files.v2),
    ):
        _collect(tree, pattern, found)
        if not found:
            for archive in _archives(source, tree, archives, work_dir):
                _collect(archive, pattern, found)
    return files


def _collect(tree: SourceTree, pattern: re.Pattern[str], found: dict[str, SourceFile]) -> None:
    for name in tree.names():
        if match := pattern.fullmatch(name):
            found.setdefault(match[1], SourceFile(tree, name))


def _archives(
    source: Path, tree: SourceTree, wanted: tuple[str, ...], work_dir: Path | None
) -> Iterator[SourceTree]:
    """The first archive of a kind, and the archives in it if it is the training archive."""
    if source.is_file():
        yield from _synset_archives(tree)
        return
    names = [name for name in tree.names() if name.rpartition("/")[2] in wanted]
    for name in names[:1]:
        archive = open_source(source / name, work_dir)
        yield archive
        yield from _synset_archives(archive)


def _synset_archives(tree: SourceTree) -> Iterator[SourceTree]:
    for name in tree.names():
        if _SYNSET_ARCHIVE.fullmatch(name):
            yield tree.nested(name)
