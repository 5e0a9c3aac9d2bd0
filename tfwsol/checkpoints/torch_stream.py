"""PyTorch's file format before 1.6: five pickles in a row, then every storage's raw numbers.

torchvision's older weights and those of many published localizers (``.pth.tar``) are such files.
"""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import numpy as np

from tfwsol.checkpoints.checkpoint_error import CheckpointError
from tfwsol.checkpoints.contents import Contents
from tfwsol.checkpoints.tensor_record import TensorRecord
from tfwsol.checkpoints.torch_globals import TorchStorage
from tfwsol.checkpoints.torch_pickle import LONGEST_PICKLE, interpreted
from tfwsol.checkpoints.torch_storage import bytes_per_element, numbers, strided

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_COUNT_BYTES = 8


def contents(file: BinaryIO) -> Contents:
    """What the fourth pickle describes; storages are read when their tensors are.

    The pickles are: a magic number, the protocol's version, the writing machine, the object
    itself, and the keys of its storages. Then each storage follows in the order of the keys as
    an int64 number of elements and as many elements, little-endian.

    Raises:
        CheckpointError: The file is another pickle, or its storages do not match the object.
    """
    head = file.read(LONGEST_PICKLE)
    magic, place = interpreted(head)
    if magic != _MAGIC:
        raise CheckpointError("it is a pickle, but none that torch.save wrote.")
    version, place = interpreted(head, place)
    if version != _PROTOCOL:
        raise CheckpointError(f"it is no PyTorch stream of protocol {_PROTOCOL}.")
    _, place = interpreted(head, place)
    seen: dict[str, TorchStorage] = {}
    tree, place = interpreted(head, place, seen)
    keys, place = interpreted(head, place)
    where = _places(file, place, keys, seen)
    loaded: dict[str, np.ndarray] = {}

    def load(record: TensorRecord) -> np.ndarray:
        storage = record.source.storage
        if storage.key not in loaded:
            file.seek(where[storage.key])
            data = file.read(storage.size * bytes_per_element(storage.dtype))
            loaded[storage.key] = numbers(data, storage.dtype)
        return strided(record, loaded[storage.key])

    return Contents("PyTorch file (stream)", tree, load)


def _places(file: BinaryIO, place: int, keys: Any, seen: dict[str, TorchStorage]) -> dict[str, int]:
    """Where in the file the numbers of each storage begin."""
    size = os.fstat(file.fileno()).st_size
    where = {}
    if not isinstance(keys, list) or set(map(type, keys)) - {str} or len(set(keys)) < len(keys):
        raise CheckpointError("the keys of its storages are no list of different texts.")
    for key in keys:
        if key not in seen:
            raise CheckpointError(f"storage {key[:40]!r} is stored, but nothing lies in it.")
        file.seek(place)
        count = int.from_bytes(file.read(_COUNT_BYTES), "little", signed=True)
        where[key] = place + _COUNT_BYTES
        place = where[key] + count * bytes_per_element(seen[key].dtype)
        if count != seen[key].size or place > size:
            raise CheckpointError(
                f"storage {key[:40]!r} should have {seen[key].size} elements, but {count} are "
                f"stored and the file ends after {max(size - where[key], 0)} bytes."
            )
    missing = sorted(set(seen) - set(where))
    if missing:
        raise CheckpointError(f"storages {missing[:3]} are missing at its end.")
    return where
