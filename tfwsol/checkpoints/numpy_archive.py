"""NumPy's .npz archives, as tensorpack publishes its weights, read without pickles."""

from __future__ import annotations

import math
import zipfile
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from tfwsol.checkpoints.checkpoint_error import CheckpointError
from tfwsol.checkpoints.contents import Contents
from tfwsol.checkpoints.tensor_record import TensorRecord

_SUFFIX = ".npy"
_KINDS = "biufc"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def holds_arrays(members: dict[str, zipfile.ZipInfo]) -> bool:
    """Whether these are the members of a file that `numpy.savez` wrote."""
    return bool(members) and all(name.endswith(_SUFFIX) for name in members)


def contents(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Contents:
    """The arrays by name; each is read when it is asked for.

    `numpy.load` would set aside what a header claims before it sees how much there is.

    Raises:
        CheckpointError: An array holds Python objects, or not as many bytes as its shape needs.
    """
    tree = {}
    for name, member in members.items():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise CheckpointError(f"array {name[:80]!r} is compressed in a way NumPy never uses.")
        with archive.open(member) as file:
            shape, _, dtype = _header(file, name)
            if math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
                raise CheckpointError(
                    f"array {name[:80]!r} should have shape {shape}, but holds "
                    f"{member.file_size - file.tell()} bytes."
                )
        tree[name.removesuffix(_SUFFIX)] = TensorRecord(shape, dtype.name, name)

    def load(record: TensorRecord) -> np.ndarray:
        with archive.open(members[record.source]) as file:
            shape, by_columns, dtype = _header(file, record.source)
            found = np.frombuffer(file.read(), dtype)
        array = found.reshape(shape, order="F" if by_columns else "C")
        array = array.astype(dtype.newbyteorder("="), copy=False)
        array.flags.writeable = False
        return array

    return Contents("NumPy archive", tree, load)


def _header(file: BinaryIO, name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise CheckpointError(f"array {name[:80]!r} has the unknown version {version}.")
    shape, by_columns, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise CheckpointError(
            f"array {name[:80]!r} holds pickled objects, which could run code; save plain arrays."
        )
    if dtype.kind not in _KINDS or min(shape, default=0) < 0:
        raise CheckpointError(f"array {name[:80]!r} of dtype {dtype} holds no numbers.")
    return shape, by_columns, dtype
