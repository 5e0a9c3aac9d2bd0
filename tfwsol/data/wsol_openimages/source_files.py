"""Where the pictures and masks of OpenImages30k lie, in folders or in archives."""

from __future__ import annotations

from pathlib import Path

from tfwsol.data.preparation.source_tree import SourceFile, SourceTree, open_source

SPLITS = ("train", "val", "test")
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")


def find_files(source: Path, work_dir: Path | None) -> dict[str, SourceFile]:
    """Pictures and masks by ``<split>/<class folder>/<file>``, as the metadata call them.

    Folders above the split are of no account. An archive named after a split, ``test.zip``, may
    hold the class folders only. An unpacked file is taken before one in an archive.

    Args:
        source: The folder, or one archive.
        work_dir: Where decompressed archives may be kept.

    Raises:
        SourceError: If an archive is damaged or unsafe.
    """
    tree = open_source(source, work_dir)
    found: dict[str, SourceFile] = {}
    _collect(tree, "" if source.is_dir() else source.name, found)
    if source.is_dir():
        for name in tree.names():
            if name.endswith(_ARCHIVES):
                _collect(open_source(source / name, work_dir), name.rpartition("/")[2], found)
    return found


def _collect(tree: SourceTree, archive: str, found: dict[str, SourceFile]) -> None:
    split = next((split for split in SPLITS if archive.startswith(split)), "")
    for name in tree.names():
        parts = name.split("/")
        if not name.endswith((".jpg", ".png")) or len(parts) < 2:
            continue
        own = len(parts) > 2 and parts[-3] in SPLITS
        key = "/".join(parts[-3:]) if own else "/".join((split, *parts[-2:]))
        if own or split:
            found.setdefault(key, SourceFile(tree, name))
