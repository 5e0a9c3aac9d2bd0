"""A short name for the state of some files, which changes when one of them does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from tfwsol.data.preparation.source_tree import open_source


def fingerprint(path: Path, counts: Callable[[str], bool] = lambda name: True) -> str:
    """Sixteen hexadecimal digits of names, sizes and times; no file is read.

    Args:
        path: A file, or a folder with all that is below it.
        counts: Whether a file below the folder, by its name there, counts.

    Raises:
        SourceError: There is nothing at the path.
    """
    digest = hashlib.sha256()
    if path.is_file():
        state = path.stat()
        digest.update(f"{path.name} {state.st_size} {state.st_mtime_ns}".encode())
        return digest.hexdigest()[:16]
    tree = open_source(path)
    for name in filter(counts, tree.names()):
        digest.update(f"{name}\0{tree.file(name).fingerprint()}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]
