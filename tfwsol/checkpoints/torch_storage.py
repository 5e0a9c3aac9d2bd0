"""Numbers of a torch storage as arrays that cannot reach outside it."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from tfwsol.checkpoints.checkpoint_error import CheckpointError
from tfwsol.checkpoints.tensor_record import TensorRecord

_SIZES = {"bfloat16": 2}


def bytes_per_element(dtype: str) -> int:
    """How many bytes an element takes in the file."""
    return _SIZES.get(dtype) or np.dtype(dtype).itemsize


def numbers(data: bytes, dtype: str, big_endian: bool = False) -> np.ndarray:
    """A storage's bytes as a flat read-only array in the machine's own byte order.

    bfloat16, which NumPy has not, becomes float32, which holds each of its numbers exactly.
    """
    order = ">" if big_endian else "<"
    if dtype == "bfloat16":
        halves = np.frombuffer(data, f"{order}u2").astype(np.uint16)
        found = halves.view(ml_dtypes.bfloat16).astype(np.float32)
    elif dtype == "bool":
        found = np.frombuffer(data, np.uint8) != 0  # other bytes than 0 and 1 are no NumPy bools
    else:
        found = np.frombuffer(data, np.dtype(dtype).newbyteorder(order))
        found = found.astype(np.dtype(dtype), copy=False)
    found.flags.writeable = False
    return found


def strided(record: TensorRecord, storage: np.ndarray) -> np.ndarray:
    """The tensor as a read-only view of its storage: any strides, overlap and none at all.

    Args:
        record: Of which `torch_globals` has made sure that it stays within its storage.
        storage: All numbers of the storage, as `numbers` gives them.

    Raises:
        CheckpointError: The storage is not as long as the record says.
    """
    place = record.source
    if storage.size != place.storage.size:
        raise CheckpointError(
            f"storage {place.storage.key[:40]!r} holds {storage.size} elements, but "
            f"{place.storage.size} are announced."
        )
    part = storage[place.storage.first :][: place.storage.count][place.offset :]
    return np.lib.stride_tricks.as_strided(
        part,
        record.shape,
        [stride * storage.itemsize for stride in place.strides],
        writeable=False,
    )
