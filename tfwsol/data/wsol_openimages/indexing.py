"""A download of OpenImages30k as one index: pictures, instance masks and ignore masks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from tfwsol.data.preparation.record import Index, Record, SourceError
from tfwsol.data.preparation.source_tree import SourceFile
from tfwsol.data.some_names import some_names
from tfwsol.data.wsol_metadata import Metadata, MetadataError, is_metadata_folder, read_metadata
from tfwsol.data.wsol_openimages.source_files import SPLITS, find_files

PUBLISHED = {"train": 29_819, "val": 2_500, "test": 5_000}
"""Pictures per split."""


def index_openimages(source: Path, work_dir: Path | None) -> Index:
    """The pictures of every split in the order of its metadata.

    Args:
        source: Folder as the builder's ``WHERE`` describes it.
        work_dir: Where decompressed archives may be kept.

    Raises:
        SourceError: If the metadata are missing or wrong, or an archive is damaged.
    """
    metadata = {split: found for split in SPLITS if (found := _metadata(source, split))}
    if not metadata:
        raise SourceError(
            f"{source} holds no metadata/OpenImages/<split>/image_ids.txt, which says what "
            "OpenImages30k consists of; put the metadata folder of wsolevaluation there."
        )
    files = find_files(source, work_dir)
    splits: dict[str, list[Record]] = {}
    problems: list[str] = []
    for split, listed in metadata.items():
        records, noticed = _records(split, listed, files)
        problems += noticed
        if records:
            splits[split] = records
    missing = [split for split in SPLITS if split not in splits]
    if missing:
        problems.append(f"The source holds nothing of {' and '.join(missing)}; left out.")
    expected = {split: PUBLISHED[split] for split in splits}
    return Index(splits, _class_names(metadata), expected, problems)


def _metadata(source: Path, split: str) -> Metadata | None:
    folder = source / "metadata" / "OpenImages" / split
    try:
        return read_metadata(folder) if is_metadata_folder(folder) else None
    except MetadataError as error:
        raise SourceError(str(error)) from error


def _class_names(metadata: Mapping[str, Metadata]) -> list[str]:
    """The folder of each class, which is its code in OpenImages, at the index of the class."""
    pairs = {
        (int(label), PurePosixPath(image_id).parent.name)
        for listed in metadata.values()
        for image_id, label in zip(listed.image_ids, listed.labels, strict=True)
    }
    names = dict(sorted(pairs))
    if len(names) < len(pairs) or list(names) != list(range(len(names))):
        raise SourceError(
            f"metadata/OpenImages gives {len(names)} classes and {len(pairs)} pairs of class and "
            "folder; expected one folder for each class from 0; download the metadata again."
        )
    return list(names.values())


def _records(
    split: str, listed: Metadata, files: Mapping[str, SourceFile]
) -> tuple[list[Record], list[str]]:
    """The pictures that are there, and one sentence for each kind of thing that is not."""
    records, absent, incomplete = [], [], []
    for image_id, label in zip(listed.image_ids, listed.labels.tolist(), strict=True):
        if image_id not in files:
            absent.append(image_id)
            continue
        names = listed.masks.get(image_id, ())
        instances = tuple(files[name] for name in names if name in files)
        ignored = files.get(listed.ignore_masks.get(image_id, ""))
        if len(instances) < len(names) or (names and not ignored):
            wanted = (*names, listed.ignore_masks[image_id])
            incomplete += [name for name in wanted if name not in files]
            # A part of the foreground alone would pass for all of it.
            instances, ignored = (), None
        # Open Images has many masks drawn on larger or smaller copies of the pictures.
        drawn = {"masks": instances, "ignore_mask": ignored, "scaled_masks": True}
        records.append(Record(image_id, label, files[image_id], **drawn))
    if not records:
        return [], []
    problems = []
    if absent:
        problems.append(f"{split}: the source holds no file for {some_names(absent)}.")
    if incomplete:
        problems.append(
            f"{split}: the source lacks {some_names(incomplete, 'mask')}; a picture that "
            "lacks one is treated as not annotated."
        )
    unlisted = [record.image_id for record in records if record.image_id not in listed.masks]
    if unlisted and split != "train":
        problems.append(f"{split}: the metadata list no mask for {some_names(unlisted)}.")
    return records, problems
