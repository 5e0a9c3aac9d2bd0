"""Folders and archives as one kind of tree: names, and bytes by name, with nothing unpacked.

No name inside an archive ever becomes a path on the disk. Tar and zip files are read where they
lie; a compressed tar is decompressed once into one plain tar file.
"""

from __future__ import annotations

import os
import posixpath
import tempfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfwsol.data.preparation.compression import decompress, is_compressed
from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.tar_members import Span, tar_spans
from tfwsol.data.preparation.window import Window
from tfwsol.data.preparation.zip_members import zip_members


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source; its bytes are read when asked for.

    Attributes:
        tree: The folder or archive that holds it.
        name: Its name there, parts separated by "/".
    """

    tree: SourceTree
    name: str

    def read(self) -> bytes:
        """All bytes of the file; several threads may read at once."""
        return self.tree.read(self.name)

    def size(self) -> int:
        """The number of its bytes."""
        return self.tree.size(self.name)

    def fingerprint(self) -> str:
        """Words that change when the file does, found without reading it."""
        return self.tree.fingerprint(self.name)

    def __str__(self) -> str:
        return f"{self.name} of {self.tree.path}"


class SourceTree(ABC):
    """The files below a folder or in an archive.

    Attributes:
        path: Where it lies, for messages.
    """

    path: str

    @abstractmethod
    def names(self) -> list[str]:
        """The names of all files (no folders), sorted, parts separated by "/"."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            SourceError: If there is no such file, or it cannot be read whole.
        """

    @abstractmethod
    def size(self, name: str) -> int:
        """The number of bytes of a file."""

    @abstractmethod
    def fingerprint(self, name: str) -> str:
        """Words that change when a file does."""

    @abstractmethod
    def nested(self, name: str) -> SourceTree:
        """The tree in an archive inside this one; a plain tar in a plain tar is read in place."""

    def file(self, name: str) -> SourceFile:
        """A file that is known to be there.

        Raises:
            SourceError: If it is not.
        """
        if not self.has(name):
            raise SourceError(f"{self.path} holds no file {name!r}; download or unpack it again.")
        return SourceFile(self, name)

    def text(self, name: str) -> str:
        """A file as UTF-8 text.

        Raises:
            SourceError: If it is not there or no such text.
        """
        try:
            return self.file(name).read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SourceError(f"{name} in {self.path} is no UTF-8 text ({error}).") from error


def open_source(
    path: str | os.PathLike[str], work_dir: str | os.PathLike[str] | None = None
) -> SourceTree:
    """The files below a folder, or in a .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz or .zip.

    The kind is told by the content. Every name in an archive is checked before anything of it is
    read or written.

    Args:
        path: The folder or archive.
        work_dir: Where a compressed tar is kept decompressed, to be found again by the next run;
            None: a nameless temporary file.

    Raises:
        SourceError: If there is nothing, if it is no archive or a damaged one, or if a member is
            absolute, contains "..", is a device, or is a link that leaves the archive.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        return FolderTree(path)
    if not path.is_file():
        raise SourceError(f"{path} does not exist; name a folder or an archive.")
    data = Window.of_path(path)
    if work_dir is None or not is_compressed(data):
        return _open_archive(data, str(path))
    state = path.stat()
    name = f"{path.name}-{state.st_size}-{state.st_mtime_ns}.tar"
    return _open_kept(data, str(path), Path(work_dir) / name)


def find_source(
    folder: Path, names: Sequence[str], work_dir: Path | None = None
) -> SourceTree | None:
    """The first of some files or folders in a folder that exists, opened; None if none does."""
    found = [folder / name for name in names if (folder / name).exists()]
    return open_source(found[0], work_dir) if found else None


def _open_archive(data: Window, path: str) -> SourceTree:
    if is_compressed(data):
        with tempfile.TemporaryFile() as file:
            decompress(data, path, file)
            return TarTree(Window.of_file(file), path)
    with data.file() as file:
        is_zip = zipfile.is_zipfile(file)
    return ZipTree(data, path) if is_zip else TarTree(data, path)


def _open_kept(data: Window, path: str, plain: Path) -> SourceTree:
    """A compressed tar, decompressed into a file that the next run finds again."""
    if plain.is_file():
        return TarTree(Window.of_path(plain), path)
    plain.parent.mkdir(parents=True, exist_ok=True)
    partial = plain.with_suffix(".partial")
    try:
        with partial.open("w+b") as file:
            decompress(data, path, file)
            tree = TarTree(Window.of_file(file), path)
        os.replace(partial, plain)
    finally:
        partial.unlink(missing_ok=True)
    return tree


class FolderTree(SourceTree):
    """The files below a folder; links in it are followed, since the user made them."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._root = path
        self._inside: list[str] | None = None

    def names(self) -> list[str]:
        if self._inside is None:
            self._inside = sorted(self._walk())
        return list(self._inside)

    def _walk(self) -> list[str]:
        found, seen = [], set()
        for folder, folders, files in os.walk(self._root, followlinks=True):
            # A link to a folder above would otherwise be walked for ever.
            real = os.path.realpath(folder)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            below = os.path.relpath(folder, self._root).replace(os.sep, "/")
            found += [posixpath.normpath(posixpath.join(below, file)) for file in files]
        return found

    def has(self, name: str) -> bool:
        return self._file(name).is_file()

    def read(self, name: str) -> bytes:
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError as error:
            raise SourceError(f"{self.path} holds no file {name!r}.") from error

    def size(self, name: str) -> int:
        return self._file(name).stat().st_size

    def fingerprint(self, name: str) -> str:
        state = self._file(name).stat()
        return f"{state.st_size} {state.st_mtime_ns}"

    def nested(self, name: str) -> SourceTree:
        return open_source(self._file(name))

    def _file(self, name: str) -> Path:
        """Lists in a download may name files, too, and they are no more to be trusted."""
        parts = name.split("/")
        if name.startswith("/") or ".." in parts:
            raise SourceError(f"{self.path}: {name!r} leads out of the folder.")
        return self._root / name


class TarTree(SourceTree):
    """The files in a plain tar, read by their place in it."""

    def __init__(self, data: Window, path: str) -> None:
        self.path = path
        self._data = data
        self._spans = tar_spans(data, path)

    def names(self) -> list[str]:
        return sorted(self._spans)

    def has(self, name: str) -> bool:
        return name in self._spans

    def read(self, name: str) -> bytes:
        span = self._span(name)
        return self._data.read(span.start, span.size)

    def size(self, name: str) -> int:
        return self._span(name).size

    def fingerprint(self, name: str) -> str:
        span = self._span(name)
        return f"{span.size} {span.modified}"

    def nested(self, name: str) -> SourceTree:
        span = self._span(name)
        return _open_archive(self._data.part(span.start, span.size), f"{self.path}/{name}")

    def _span(self, name: str) -> Span:
        if name not in self._spans:
            raise SourceError(f"{self.path} holds no file {name!r}.")
        return self._spans[name]


class ZipTree(SourceTree):
    """The files in a zip."""

    def __init__(self, data: Window, path: str) -> None:
        self.path = path
        try:
            self._archive = zipfile.ZipFile(data.file())
            self._members = zip_members(self._archive, path)
        except zipfile.BadZipFile as error:
            raise SourceError(f"{path} is a damaged zip ({error}); download it again.") from error

    def names(self) -> list[str]:
        return sorted(self._members)

    def has(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        try:
            return self._archive.read(self._member(name))
        except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
            raise SourceError(f"{name} in {self.path} cannot be read ({error}).") from error

    def size(self, name: str) -> int:
        return self._member(name).file_size

    def fingerprint(self, name: str) -> str:
        member = self._member(name)
        return f"{member.file_size} {member.CRC}"

    def nested(self, name: str) -> SourceTree:
        with tempfile.TemporaryFile() as file:
            file.write(self.read(name))
            file.flush()
            return _open_archive(Window.of_file(file), f"{self.path}/{name}")

    def _member(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise SourceError(f"{self.path} holds no file {name!r}.")
        return self._members[name]
