"""A download of ImageNet as one index: ILSVRC2012, its boxes, and ImageNetV2."""

from __future__ import annotations

from pathlib import Path

from tfwsol.data.imagenet_classes import imagenet_class_names
from tfwsol.data.preparation.record import Index, Record, SourceError
from tfwsol.data.wsol_imagenet.ilsvrc_training import training_records
from tfwsol.data.wsol_imagenet.ilsvrc_validation import validation_records
from tfwsol.data.wsol_imagenet.imagenet_v2 import v2_records
from tfwsol.data.wsol_imagenet.renamed_files import read_renamed
from tfwsol.data.wsol_imagenet.source_files import find_files
from tfwsol.data.wsol_metadata import Metadata, MetadataError, is_metadata_folder, read_metadata

PUBLISHED = {"train": 1_281_167, "val": 10_000, "test": 50_000}
"""Pictures per split."""


def index_imagenet(source: Path, work_dir: Path | None) -> Index:
    """The splits whose pictures are there; a split without any is told, not required.

    Args:
        source: Folder as the builder's ``WHERE`` describes it.
        work_dir: Where decompressed archives may be kept.

    Raises:
        SourceError: If there are no pictures at all, or files are damaged or contradict.
    """
    files = find_files(source, work_dir)
    splits: dict[str, list[Record]] = {}
    problems: list[str] = []
    if files.train:
        splits["train"] = training_records(files.train, files.train_boxes)
    if files.v2:
        splits["val"], noticed = v2_records(files.v2, _metadata(source, "val"), _renamed(source))
        problems += noticed
    if files.test:
        metadata = _metadata(source, "test")
        splits["test"], noticed = validation_records(files.test, files.test_boxes, metadata)
        problems += noticed
    if not splits:
        raise SourceError(f"{source} holds no picture of ILSVRC2012 or ImageNetV2.")
    missing = [split for split in PUBLISHED if split not in splits]
    if missing:
        problems.append(f"The source holds nothing of {' and '.join(missing)}; left out.")
    expected = {split: PUBLISHED[split] for split in splits}
    return Index(splits, imagenet_class_names(), expected, problems)


def _metadata(source: Path, split: str) -> Metadata | None:
    folder = source / "metadata" / "ILSVRC" / split
    try:
        return read_metadata(folder) if is_metadata_folder(folder) else None
    except MetadataError as error:
        raise SourceError(str(error)) from error


def _renamed(source: Path) -> dict[str, str]:
    for folder in (source / "metadata" / "ILSVRC" / "val", source):
        if (folder / "mapping.txt").is_file():
            return read_renamed(folder / "mapping.txt")
    return {}
