"""PyTorch's file format since 1.6: a ZIP archive of one pickle and one member per storage."""

from __future__ import annotations

import functools
import zipfile

import numpy as np

from tfwsol.checkpoints.checkpoint_error import CheckpointError
from tfwsol.checkpoints.contents import Contents
from tfwsol.checkpoints.tensor_record import TensorRecord
from tfwsol.checkpoints.torch_pickle import LONGEST_PICKLE, interpreted
from tfwsol.checkpoints.torch_storage import bytes_per_element, numbers, strided

_PICKLE = "/data.pkl"
_LONGEST_ORDER = 20


def holds_torch(members: dict[str, zipfile.ZipInfo]) -> bool:
    """Whether these are the members of a file that `torch.save` wrote."""
    return _folder(members) is not None


def contents(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Contents:
    """What the pickle describes; storages are read when their tensors are.

    Raises:
        CheckpointError: The pickle is none of a state dict, a storage is compressed, missing or
            of another length than announced.
    """
    folder = _folder(members)
    if f"{folder}/constants.pkl" in members:
        raise CheckpointError("it is a TorchScript program; save its state_dict() instead.")
    order = b"little"  # the usual one; until 2.1 files did not say
    if f"{folder}/byteorder" in members:
        order = _read(archive, members, f"{folder}/byteorder", _LONGEST_ORDER)
    if order not in (b"little", b"big"):
        raise CheckpointError(f"its byte order is {order!r}; little or big was expected.")
    tree, _ = interpreted(_read(archive, members, f"{folder}{_PICKLE}", LONGEST_PICKLE))

    @functools.cache
    def storage_of(key: str, dtype: str, size: int) -> np.ndarray:
        name, announced = f"{folder}/data/{key}", size * bytes_per_element(dtype)
        if name in members and members[name].file_size != announced:
            raise CheckpointError(
                f"member {name[:80]!r} has {members[name].file_size} bytes, but {announced} are "
                "announced."
            )
        return numbers(_read(archive, members, name), dtype, big_endian=order == b"big")

    def load(record: TensorRecord) -> np.ndarray:
        place = record.source.storage
        return strided(record, storage_of(place.key, place.dtype, place.size))

    return Contents("PyTorch file (ZIP)", tree, load)


def _folder(members: dict[str, zipfile.ZipInfo]) -> str | None:
    folders = [name.removesuffix(_PICKLE) for name in members if name.endswith(_PICKLE)]
    return next((folder for folder in folders if folder and "/" not in folder), None)


def _read(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, most: int = 2**62
) -> bytes:
    if name not in members:
        raise CheckpointError(f"member {name[:80]!r} is missing.")
    if members[name].compress_type != zipfile.ZIP_STORED:
        raise CheckpointError(f"member {name[:80]!r} is compressed, which PyTorch never does.")
    if members[name].file_size > most:
        raise CheckpointError(
            f"member {name[:80]!r} has {members[name].file_size} bytes; at most {most} are read."
        )
    return archive.read(members[name])
