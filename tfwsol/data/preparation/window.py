"""A part of a file that many threads may read at once."""

from __future__ import annotations

import io
import os
import weakref
from pathlib import Path
from typing import BinaryIO

from tfwsol.data.preparation.record import SourceError


class Window:
    """The bytes of a file from a start on, read without moving any position.

    The file stays open as long as any window on it lives.
    """

    def __init__(self, opened: _Opened, start: int, size: int) -> None:
        self._opened = opened
        self._start = start
        self.size = size

    @classmethod
    def of_path(cls, path: Path) -> Window:
        """All of a file on the disk."""
        with path.open("rb") as file:
            return cls.of_file(file)

    @classmethod
    def of_file(cls, file: BinaryIO) -> Window:
        """All of an open file, which may be closed, renamed or deleted afterwards."""
        descriptor = os.dup(file.fileno())
        return cls(_Opened(descriptor), 0, os.fstat(descriptor).st_size)

    def part(self, start: int, size: int) -> Window:
        """A window on a part of this one.

        Raises:
            SourceError: If it goes past the end.
        """
        if start + size > self.size:
            raise SourceError(
                f"Bytes {start} to {start + size} were asked of {self.size}: the file is cut off."
            )
        return Window(self._opened, self._start + start, size)

    def read(self, start: int = 0, size: int | None = None) -> bytes:
        """Some bytes, as many as are there."""
        size = max(0, min(self.size - start, self.size if size is None else size))
        start, parts = self._start + start, []
        while size > 0:
            part = os.pread(self._opened.descriptor, size, start)
            if not part:
                break
            parts.append(part)
            start, size = start + len(part), size - len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def file(self) -> io.BufferedReader:
        """The window as a file object of its own."""
        return io.BufferedReader(_WindowFile(self))


class _Opened:
    """A file descriptor that is closed when nobody holds it any more."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)


class _WindowFile(io.RawIOBase):
    def __init__(self, window: Window) -> None:
        super().__init__()
        self._window = window
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._window.size}
        self._position = base[whence] + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:
        found = self._window.read(self._position, len(buffer))
        buffer[: len(found)] = found
        self._position += len(found)
        return len(found)
