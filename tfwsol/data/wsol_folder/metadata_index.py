"""The records of pictures that the metadata files of wsolevaluation list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from tfwsol.data.preparation.record import Index, Record, SourceError
from tfwsol.data.preparation.source_tree import SourceTree
from tfwsol.data.some_names import some_names
from tfwsol.data.wsol_folder.layout import SPLITS
from tfwsol.data.wsol_metadata import Metadata, is_metadata_folder, read_metadata


def metadata_folders(folder: Path) -> dict[str, Path]:
    """The metadata folder of each split.

    Args:
        folder: One such folder (its split is called as it is, ``"test"`` if it is not called
            train, val or test), or one that holds some of the three; else the result is empty.
    """
    if is_metadata_folder(folder):
        name = folder.resolve().name
        return {name if name in SPLITS else "test": folder}
    return {split: folder / split for split in SPLITS if is_metadata_folder(folder / split)}


def index_metadata(tree: SourceTree, folders: Mapping[str, Path]) -> Index:
    """The listed pictures that are there, in the order of the lists.

    Args:
        tree: The source that the listed paths are relative to.
        folders: The metadata folder of each split.

    Raises:
        SourceError: A metadata file is wrong, or the source holds none of the pictures.
    """
    splits: dict[str, list[Record]] = {}
    problems: list[str] = []
    described = {split: read_metadata(folder) for split, folder in folders.items()}
    for split, metadata in described.items():
        splits[split] = _records(tree, metadata)
        missing = [name for name in metadata.image_ids if not tree.has(name)]
        if metadata.image_ids and not splits[split]:
            raise SourceError(
                f"{tree.path} holds none of the pictures that {folders[split]} lists, such as "
                f"{missing[0]}; name the folder that these paths start from."
            )
        problems += _problems(tree, folders[split], metadata, missing)
    expected = {split: len(metadata.image_ids) for split, metadata in described.items()}
    return Index(splits, _class_names(splits), expected, problems)


def _records(tree: SourceTree, metadata: Metadata) -> list[Record]:
    return [
        Record(
            image_id=name,
            label=int(label),
            image=tree.file(name),
            boxes=tuple(tuple(map(float, box)) for box in metadata.boxes.get(name, ())),
            size=metadata.sizes.get(name),
        )
        for name, label in zip(metadata.image_ids, metadata.labels, strict=True)
        if tree.has(name)
    ]


def _problems(tree: SourceTree, folder: Path, metadata: Metadata, missing: list[str]) -> list[str]:
    problems = []
    if missing:
        problems.append(f"{folder} lists what is not in {tree.path}: {some_names(missing)}.")
    if metadata.boxes and metadata.unlocalized():
        problems.append(f"{folder} gives no box of {some_names(metadata.unlocalized())}.")
    if metadata.masks:
        problems.append(f"The masks that {folder} names are left out; openimages reads them.")
    return problems


def _class_names(splits: Mapping[str, list[Record]]) -> list[str]:
    """The folder of a class where its pictures lie in one of their own, else its number."""
    folders: dict[int, set[str]] = {}
    for record in (record for records in splits.values() for record in records):
        folders.setdefault(record.label, set()).add(PurePosixPath(record.image_id).parent.name)
    alone = {label: next(iter(names)) for label, names in folders.items() if len(names) == 1}
    of_one = [name for name in alone.values() if name and list(alone.values()).count(name) == 1]
    return [
        alone[label] if alone.get(label) in of_one else str(label)
        for label in range(max(folders, default=-1) + 1)
    ]
