"""Weights written to a disk that may be full."""

from __future__ import annotations

import os
from pathlib import Path

import keras
import numpy as np

_PER_WEIGHT = 2**13
_PIECE = bytes(2**20)


def save_weights(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Writes a .weights.h5 file as Keras does, unless the disk has no room for it.

    HDF5 ends the whole process with a segmentation fault when it closes a file that it could not
    write, so the room is tried with zeros first.

    Raises:
        OSError: There is no room, or the file cannot be written.
    """
    path = Path(path)
    trial = path.with_name(f".room.{path.name}")
    try:
        with trial.open("wb", buffering=0) as file:
            for _ in range(_most_bytes(model) // len(_PIECE) + 1):
                # An unbuffered write may take a part of the piece without an error.
                left = memoryview(_PIECE)
                while left:
                    left = left[file.write(left) :]
    finally:
        trial.unlink(missing_ok=True)
    model.save_weights(path)


def _most_bytes(model: keras.Model) -> int:
    """More than the file takes: numbers of at most 8 bytes, and HDF5's own tables."""
    bytes_each = [8 if variable.dtype.endswith("64") else 4 for variable in model.variables]
    counts = [int(np.prod(variable.shape)) for variable in model.variables]
    numbers = sum(count * size for count, size in zip(counts, bytes_each, strict=True))
    return numbers + _PER_WEIGHT * len(counts)
