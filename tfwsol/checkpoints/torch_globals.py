"""What the few names that a PyTorch checkpoint may mention stand for; no other is admitted.

Nothing here is a function of PyTorch or of anyone else: a name stands for a record.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tfwsol.checkpoints.checkpoint_error import CheckpointError
from tfwsol.checkpoints.tensor_record import TensorRecord

_DTYPES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
_ARGUMENTS = {
    ("collections", "OrderedDict"): (0, 1),
    ("torch._utils", "_rebuild_tensor"): (4,),
    ("torch._utils", "_rebuild_tensor_v2"): (6, 7),
    ("torch._utils", "_rebuild_parameter"): (3,),
    # NumPy's numbers beside the weights, the best score say; protocol 2 writes bytes as a call.
    ("_codecs", "encode"): (2,),
    ("__builtin__", "bytes"): (0,),
    ("numpy", "dtype"): (1, 2, 3),
    ("numpy", "ndarray"): (),
    **{(f"numpy.{core}.multiarray", "scalar"): (2,) for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): (3,) for core in ("core", "_core")},
}
"""What may be called, and with how many arguments."""

_MOST_AXES = 32  # NumPy 1's limit
_LARGEST = 2**48
"""No count in a checkpoint comes near; products and sums of a few stay far from overflow."""


class TorchGlobal(NamedTuple):
    """A name that was admitted."""

    module: str
    name: str


class NumpyValue(NamedTuple):
    """A dtype, number or array of NumPy beside the weights; not its value, which nobody needs."""

    kind: str


class TorchStorage(NamedTuple):
    """A flat run of numbers, or of a part of one, under its key in the file."""

    key: str
    dtype: str
    size: int
    first: int
    count: int


class StridedPlace(NamedTuple):
    """Where in its storage a tensor lies; offset and strides count elements."""

    storage: TorchStorage
    offset: int
    strides: tuple[int, ...]


def admitted(module: Any, name: Any) -> TorchGlobal:
    """The stand-in for a name.

    Raises:
        CheckpointError: It is none of those that tensors and state dicts need.
    """
    if (module, name) in _ARGUMENTS or (module == "torch" and name in _DTYPES):
        return TorchGlobal(module, name)
    asked = f"{module}.{name}"[:80]
    raise CheckpointError(
        f"the pickle asks for {asked!r}, which no tensor needs and which could run code, so "
        "nothing of it was run; save the state dict alone (tensors under names) and take that."
    )


def stored(identity: Any) -> TorchStorage:
    """The storage that a persistent id ('storage', type, key, device, size[, view]) names."""
    if not isinstance(identity, tuple) or len(identity) not in (5, 6) or identity[0] != "storage":
        raise CheckpointError("a persistent id is no tensor storage; whole modules are not read.")
    kind, key, size = identity[1], identity[2], identity[4]
    if not isinstance(kind, TorchGlobal) or kind.name not in _DTYPES or not isinstance(key, str):
        raise CheckpointError("a storage has no known type or key.")
    size = _count(size, "a storage's size")
    first, count = 0, size
    if len(identity) == 6 and identity[5] is not None:
        view = identity[5]
        if not isinstance(view, tuple) or len(view) != 3:
            raise CheckpointError(f"the view of storage {key[:40]!r} is no triple.")
        first, count = (_count(value, "a view's offset or size") for value in view[1:])
        if first + count > size:
            raise CheckpointError(f"a view reaches outside its storage {key[:40]!r}.")
    return TorchStorage(key, _DTYPES[kind.name], size, first, count)


def called(function: Any, arguments: Any) -> Any:
    """What a call in the pickle gives: a dictionary, a TensorRecord, bytes or a NumpyValue.

    Raises:
        CheckpointError: It is no call that PyTorch writes for tensors, state dicts and numbers.
    """
    if not isinstance(function, TorchGlobal) or not isinstance(arguments, tuple):
        raise CheckpointError("the pickle calls something that is no function.")
    if len(arguments) in _ARGUMENTS.get(tuple(function), ()):
        if function.name == "OrderedDict":
            return _dictionary(*arguments)
        if function.name == "_rebuild_parameter" and isinstance(arguments[0], TensorRecord):
            return arguments[0]
        if function.name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _tensor(*arguments[:4])
        value = _beside_weights(function.name, arguments)
        if value is not None:
            return value
    raise CheckpointError(f"the pickle calls {function.name!r} with arguments it does not take.")


def checked_key(key: Any) -> Any:
    """A dictionary's key, if it hashes quickly and hardly collides.

    A nested tuple can overflow the stack when it is hashed, and long integers collide at will.

    Raises:
        CheckpointError: It is neither text nor a number of 64 bits nor None.
    """
    if not isinstance(key, (str, int, float, type(None))) or (
        isinstance(key, int) and key.bit_length() > 63
    ):
        raise CheckpointError(f"a dictionary has a key of type {type(key).__name__}.")
    return key


def _beside_weights(function: str, arguments: tuple) -> bytes | NumpyValue | None:
    """Bytes or a NumpyValue; None where the arguments are not those that NumPy writes."""
    kinds = tuple(map(type, arguments))
    if function == "bytes":
        return b""
    if function == "encode" and kinds == (str, str) and arguments[1] in ("latin1", "latin-1"):
        return arguments[0].encode("latin-1")
    if function == "dtype" and kinds[0] is str:
        return NumpyValue("dtype")
    if function == "scalar" and arguments[0] == NumpyValue("dtype") and kinds[1] is bytes:
        return NumpyValue("number")
    if function == "_reconstruct" and arguments[0] == TorchGlobal("numpy", "ndarray"):
        return NumpyValue("array")
    return None


def _dictionary(pairs: Any = ()) -> dict:
    """Python 2 hands the items over in the call, as a list of lists."""
    if type(pairs) not in (tuple, list) or any(type(pair) is not list for pair in pairs):
        raise CheckpointError("the pickle makes a dictionary of what are no pairs.")
    return {checked_key(key): value for key, value in pairs}


def _tensor(storage: Any, offset: Any, size: Any, strides: Any) -> TensorRecord:
    if not isinstance(storage, TorchStorage):
        raise CheckpointError("a tensor lies in no storage.")
    if not isinstance(size, tuple) or not isinstance(strides, tuple) or len(size) != len(strides):
        raise CheckpointError("a tensor's size and strides do not match.")
    if len(size) > _MOST_AXES:
        raise CheckpointError(f"a tensor has {len(size)} axes; at most {_MOST_AXES} are read.")
    offset = _count(offset, "a tensor's offset")
    shape = tuple(_count(side, "a tensor's side") for side in size)
    strides = tuple(_count(stride, "a tensor's stride") for stride in strides)
    elements = 1
    for side in shape:
        elements = _count(elements * max(side, 1), "a tensor's number of elements")
    last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
    if offset > storage.count or (0 not in shape and last >= storage.count):
        raise CheckpointError(
            f"a tensor of shape {shape} reaches outside its storage {storage.key[:40]!r} of "
            f"{storage.count} elements."
        )
    return TensorRecord(shape, storage.dtype, StridedPlace(storage, offset, strides))


def _count(value: Any, what: str) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST:
        # The value is not repeated: it may have millions of digits.
        raise CheckpointError(f"{what} is no integer from 0 to 2**48.")
    return value
