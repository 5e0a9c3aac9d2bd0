"""Files of weights as arrays, whatever program wrote them; nothing in them is ever run."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import zipfile
from collections.abc import Iterator

import numpy as np

from tfwsol.checkpoints import numpy_archive, safetensors_file, torch_stream, torch_zip
from tfwsol.checkpoints.checkpoint_error import CheckpointError, reported
from tfwsol.checkpoints.contents import Contents
from tfwsol.checkpoints.state_dict import found_in
from tfwsol.checkpoints.zip_members import safe_members

_KNOWN = "a PyTorch file (.pth, .pt, .pth.tar), .safetensors or .npz"


@dataclasses.dataclass(frozen=True)
class Description:
    """What a file of weights holds.

    Attributes:
        kind: The file format in words.
        container: The keys that lead to the state dict, joined by "/"; "" where the file is it.
        prefix: What stood before every name and was taken off, such as "module.".
        tensors: Name → (shape, dtype as stored).
        left_out: Names of what is no tensor of the state dict.
    """

    kind: str
    container: str
    prefix: str
    tensors: dict[str, tuple[tuple[int, ...], str]]
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        head = f"{self.kind}, {len(self.tensors)} tensors"
        head += f" in {self.container!r}" if self.container else ""
        head += f", prefix {self.prefix!r} taken off" if self.prefix else ""
        lines = [f"  {name}: {dtype} {shape}" for name, (shape, dtype) in self.tensors.items()]
        return "\n".join([head, *lines, *(f"  left out: {name}" for name in self.left_out)])


def read(path: str | os.PathLike[str], entry: str | None = None) -> dict[str, np.ndarray]:
    """The tensors of a file by name, in the file's own names, order and layout.

    Args:
        path: A PyTorch file (`torch.save`, ZIP or older stream format), a .safetensors file or
            a .npz archive; recognised by its content.
        entry: Keys joined by "/" that lead to the dictionary to take, such as "model_ema";
            None: the state dict is found by the rule of `state_dict.found_in`.

    Returns:
        Read-only arrays with the file's dtypes, except that bfloat16 becomes float32. Tensors
        that share numbers in a PyTorch file share them here; transposed ones are views.

    Raises:
        CheckpointError: The file is missing, damaged, of another kind, holds no tensors, or
            would run code if it were unpickled; always one sentence.
    """
    with _opened(path) as contents:
        chosen = found_in(contents.tree, entry)
        return {name: contents.load(record) for name, record in chosen.tensors.items()}


def describe(path: str | os.PathLike[str], entry: str | None = None) -> Description:
    """Names, shapes and dtypes of a file's tensors, without reading their numbers.

    Takes and raises what `read` does; `str` of the result is a listing.
    """
    with _opened(path) as contents:
        chosen = found_in(contents.tree, entry)
        tensors = {name: (record.shape, record.dtype) for name, record in chosen.tensors.items()}
        return Description(contents.kind, chosen.container, chosen.prefix, tensors, chosen.left_out)


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Contents]:
    with reported(path), open(path, "rb") as file:
        start = file.read(16)
        file.seek(0)
        # First, since the length that begins a safetensors file may look like the other two.
        if start[4:9] == b"\0\0\0\0{":
            yield safetensors_file.contents(path)
        elif start[:2] == b"PK":
            with zipfile.ZipFile(file) as archive:
                yield _zip_contents(archive, os.fstat(file.fileno()).st_size)
        elif start[:1] == b"\x80":
            yield torch_stream.contents(file)
        else:
            raise CheckpointError(f"it is no file of weights that is read here: {_kind(start)}.")


def _zip_contents(archive: zipfile.ZipFile, size: int) -> Contents:
    members = safe_members(archive, size)
    if torch_zip.holds_torch(members):
        return torch_zip.contents(archive, members)
    if numpy_archive.holds_arrays(members):
        return numpy_archive.contents(archive, members)
    if "model.weights.h5" in members:
        raise CheckpointError("it is a Keras model; load it with keras.saving.load_model.")
    raise CheckpointError(f"it is a ZIP archive of something else; {_KNOWN} was expected.")


def _kind(start: bytes) -> str:
    if start[:8] == b"\x89HDF\r\n\x1a\n":
        return "a Keras (HDF5) file; load it with load_weights"
    if start[:6] == b"\x93NUMPY":
        return "a single NumPy array, or a pickle in one; save the arrays with numpy.savez"
    return f"{_KNOWN} was expected"
