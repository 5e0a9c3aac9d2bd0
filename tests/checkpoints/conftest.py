"""Writes the two formats of `torch.save` byte for byte, and lies in them when asked to.

PyTorch is not needed: the opcodes, their order and the names are those that PyTorch 2 writes.
"""

import pickle
import struct
import types
import zipfile
from dataclasses import dataclass, field

import numpy as np
import pytest

STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
    "complex64": "ComplexFloatStorage",
    "complex128": "ComplexDoubleStorage",
}


@dataclass(frozen=True)
class Raw:
    """Opcodes to be put into a pickle as they are."""

    opcodes: bytes


@dataclass
class Storage:
    """Flat numbers; `data` is bytes where `dtype` is none of NumPy's."""

    data: object
    dtype: str = "float32"
    key: str | None = None
    announced: int | None = None
    view: tuple | None = None

    def raw(self, order="<"):
        if isinstance(self.data, bytes):
            return self.data
        return np.asarray(self.data, np.dtype(self.dtype).newbyteorder(order)).tobytes()

    @property
    def elements(self):
        return len(self.raw()) // (2 if self.dtype == "bfloat16" else np.dtype(self.dtype).itemsize)


@dataclass
class Tensor:
    """As torch.Tensor: a storage, an offset, a size and strides, counted in elements."""

    storage: Storage
    size: tuple
    strides: tuple
    offset: int = 0
    is_parameter: bool = False
    hooks: bytes = field(default=b"ccollections\nOrderedDict\n)R", repr=False)


def tensor(array, **changes):
    array = np.asarray(array, order="C")
    strides = tuple(stride // array.itemsize for stride in array.strides)
    return Tensor(Storage(array.ravel(), array.dtype.name), array.shape, strides, **changes)


class Pickled:
    """The bytes of a pickle, and the storages it mentions in the order of their keys."""

    def __init__(self, value, is_stream=False):
        self.storages = {}
        self.is_stream = is_stream
        self.data = b"\x80\x02" + self.code(value) + b"."

    def code(self, value):
        kinds = {Raw: lambda v: v.opcodes, Tensor: self.tensor, dict: self.dictionary}
        if type(value) in kinds:
            return kinds[type(value)](value)
        if isinstance(value, np.generic | np.ndarray):
            return pickle.dumps(value, 2)[2:-1]
        if value is None or isinstance(value, bool):
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        if isinstance(value, int):
            data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
            return b"\x8a" + bytes([len(data)]) + data
        if isinstance(value, float):
            return b"G" + struct.pack(">d", value)
        if isinstance(value, str):
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        inner = b"".join(map(self.code, value))
        return b"(" + inner + b"t" if isinstance(value, tuple) else b"](" + inner + b"e"

    def dictionary(self, value):
        """A state dict as modules give it: ordered, with its versions as an attribute."""
        items = b"".join(self.code(k) + self.code(v) for k, v in value.items())
        state = b"}X\x09\x00\x00\x00_metadata}sb"
        return b"ccollections\nOrderedDict\n)R(" + items + b"u" + state

    def tensor(self, value):
        storage = value.storage
        known = [key for key, one in self.storages.items() if one is storage]
        key = (known or [storage.key or str(len(self.storages))])[0]
        self.storages[key] = storage
        announced = storage.elements if storage.announced is None else storage.announced
        identity = b"(" + self.code("storage") + f"ctorch\n{STORAGES[storage.dtype]}\n".encode()
        identity += self.code(key) + self.code("cpu") + self.code(announced)
        identity += (self.code(storage.view) if self.is_stream else b"") + b"tQ"
        called = b"ctorch._utils\n_rebuild_tensor_v2\n(" + identity + self.code(value.offset)
        called += self.code(value.size) + self.code(value.strides) + b"\x89" + value.hooks + b"tR"
        if value.is_parameter:
            return (
                b"ctorch._utils\n_rebuild_parameter\n" + called + b"\x88" + value.hooks + b"\x87R"
            )
        return called


def write_zip(path, value, order="little", folder="archive", extra=(), compression=0):
    """A file as of PyTorch 1.6 and later; `order` None leaves the byte order unsaid."""
    pickled = Pickled(value)
    members = {"data.pkl": pickled.data, "byteorder": (order or "").encode(), "version": b"3\n"}
    for key, storage in pickled.storages.items():
        members[f"data/{key}"] = storage.raw(">" if order == "big" else "<")
    if order is None:
        del members["byteorder"]
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in [*((f"{folder}/{k}", v) for k, v in members.items()), *extra]:
            archive.writestr(name, data)
    return path


def write_stream(path, value, magic=0x1950A86A20F9469CFC6C, cut=None):
    """A file as of PyTorch before 1.6."""
    pickled = Pickled(value, is_stream=True)
    machine = Pickled({"protocol_version": 1001, "little_endian": True})
    parts = [Pickled(magic).data, Pickled(1001).data, machine.data, pickled.data]
    parts.append(Pickled(list(pickled.storages)).data)
    for storage in pickled.storages.values():
        parts += [struct.pack("<q", storage.elements), storage.raw()]
    path.write_bytes(b"".join(parts)[:cut])
    return path


@pytest.fixture(scope="session")
def torch_file():
    """What writes such files and what can be put into them."""
    return types.SimpleNamespace(
        Raw=Raw,
        Storage=Storage,
        Tensor=Tensor,
        tensor=tensor,
        Pickled=Pickled,
        write_zip=write_zip,
        write_stream=write_stream,
        dtypes=tuple(STORAGES),
    )


@pytest.fixture(params=["zip", "stream"])
def write(request):
    """Each of the two writers."""
    return {"zip": write_zip, "stream": write_stream}[request.param]
