"""Files of the safetensors package, which hold nothing but numbers and a JSON header."""

from __future__ import annotations

import os

import ml_dtypes  # importing it makes NumPy know "bfloat16" by name
import numpy as np
from safetensors import safe_open

from tfwsol.checkpoints.checkpoint_error import CheckpointError
from tfwsol.checkpoints.contents import Contents
from tfwsol.checkpoints.tensor_record import TensorRecord

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
}


def contents(path: str | os.PathLike[str]) -> Contents:
    """The tensors by name; each is read when it is asked for.

    Raises:
        CheckpointError: A tensor is of a kind that no network of this package has.
    """
    file = safe_open(os.fspath(path), framework="np")
    tree = {}
    for name in file.keys():  # noqa: SIM118 (it is no mapping)
        header = file.get_slice(name)
        dtype = header.get_dtype()
        if dtype not in _DTYPES:
            raise CheckpointError(f"tensor {name[:80]!r} has dtype {dtype}, which is not read.")
        tree[name] = TensorRecord(tuple(header.get_shape()), _DTYPES[dtype], name)

    def load(record: TensorRecord) -> np.ndarray:
        array = file.get_tensor(record.source)
        if array.dtype == ml_dtypes.bfloat16:
            array = array.astype(np.float32)
        array.flags.writeable = False
        return array

    return Contents("safetensors file", tree, load)
