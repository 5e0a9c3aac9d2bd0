"""Compressed archives, told by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import zlib
from typing import BinaryIO

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.window import Window

_OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


def is_compressed(data: Window) -> bool:
    """Whether the bytes are those of a gzip, bzip2 or xz file."""
    return data.read(0, 6).startswith(tuple(_OPENERS))


def decompress(data: Window, path: str, into: BinaryIO) -> None:
    """Writes the decompressed bytes into a file.

    Args:
        data: The bytes of a gzip, bzip2 or xz file.
        path: Its name for messages.
        into: Where to write.

    Raises:
        SourceError: If the file is cut off or damaged.
    """
    start = data.read(0, 6)
    opener = next(opener for magic, opener in _OPENERS.items() if start.startswith(magic))
    try:
        with data.file() as file, opener(file) as plain:
            shutil.copyfileobj(plain, into, 1 << 20)
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, ValueError) as error:
        raise SourceError(
            f"{path} is cut off or damaged ({error}); download it again and compare its size."
        ) from error
    into.flush()
