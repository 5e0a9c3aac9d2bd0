"""Pickles from strangers: nothing runs, nothing hangs, nothing eats the memory."""

import os
import pickle
import resource
import struct
import time

import numpy as np
import pytest

from tfwsol.checkpoints import CheckpointError, describe, read
from tfwsol.checkpoints.torch_globals import NumpyValue
from tfwsol.checkpoints.torch_pickle import interpreted


class Reduced:
    """Pickles as any call one likes."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


def called(function, *arguments):
    return pickle.dumps(Reduced(function, arguments), protocol=2)[2:-1]


@pytest.mark.parametrize("name", ["os.system", "posix.system", "builtins.eval", "nt.system"])
def test_forbidden_names_are_named(torch_file, write, tmp_path, name):
    module, function = name.split(".")
    code = f"c{module}\n{function}\n(".encode() + b"X\x05\x00\x00\x00touchtR"
    path = write(tmp_path / "w.pt", {"w": torch_file.Raw(code)})
    with pytest.raises(CheckpointError, match=f"'{name}'.*nothing of it was run") as raised:
        read(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "code",
    [
        called(os.system, "touch marker"),
        called(eval, "open('marker', 'w')"),
        called(getattr, [], "append"),
        called(__import__, "os"),
        called(np.array, [1]),
        b"cos\nsystem\nX\x0c\x00\x00\x00touch marker\x85R",
        b"X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93(X\x04\x00\x00\x00truetR",
        b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n",
        b"ccollections\nOrderedDict.__init__\n",
        b"ctorch\nFloatStorage.__class__\n",
        b"ctorch.serialization\nload\n(X\x01\x00\x00\x00atR",
        b"ctorch.hub\nload\n",
        b"cbuiltins\ngetattr\n(ctorch\nFloatStorage\nX\x09\x00\x00\x00__class__tR",
    ],
)
def test_nothing_runs(torch_file, write, tmp_path, monkeypatch, code):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match="the pickle asks for"):
        read(write(tmp_path / "w.pt", {"w": torch_file.Raw(code)}))
    assert os.listdir(tmp_path) == ["w.pt"]


def test_the_traps_would_close(torch_file, tmp_path, monkeypatch):
    """pickle itself runs what the test above does not."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(torch_file.Pickled(torch_file.Raw(called(os.system, "touch marker"))).data)
    assert os.listdir(tmp_path) == ["marker"]


@pytest.mark.parametrize(
    "code",
    [
        b"ctorch._utils\n_rebuild_parameter\n}X\x08\x00\x00\x00__code__Nsb",  # BUILD on a name
        b"ctorch\nFloatStorage\nN}X\x01\x00\x00\x00aNs\x86b",  # its second form, with setattr
        b"]}X\x01\x00\x00\x00aNsb",
        b"ccollections\nOrderedDict\n)\x81",  # NEWOBJ
        b"(icollections\nOrderedDict\n",  # INST
        b"(ccollections\nOrderedDict\no",  # OBJ
        b"\x82\x01",  # EXT1
        b"P1\n",  # PERSID
        b"X\x01\x00\x00\x00aQ",  # BINPERSID of no storage
        b"(X\x06\x00\x00\x00modulectorch\nFloatStorage\nNNK\x01tQ",
        b"X\x01\x00\x00\x00a)R",
        b"ctorch\nFloatStorage\n)R",
        b"ctorch._utils\n_rebuild_tensor_v2\n)R",
        b"ctorch._utils\n_rebuild_parameter\n(NNNtR",
        b"ccollections\nOrderedDict\n(K\x01K\x02tR",
        b"ccollections\nOrderedDict\n](K\x01e\x85R",
        b"Na",  # APPEND to nothing
        b"}(Ne",
        b"](NNu",
        b"}(Nu",
        b"h\x07",  # an empty memo
        b"0",
        b"2",
        b"t",
        b"F1e999\n",
        b"I1\n",
    ],
)
def test_what_no_state_dict_needs(torch_file, write, tmp_path, code):
    with pytest.raises(CheckpointError):
        read(write(tmp_path / "w.pt", {"w": torch_file.Raw(code), "v": 1}))


def refused_quickly(path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    with pytest.raises(CheckpointError):
        read(path)
    assert time.perf_counter() - start < 20
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 500_000  # KiB


@pytest.mark.parametrize(
    "code",
    [
        b"Nr\xff\xff\xff\xff",  # a memo index for which pickle.Unpickler sets 64 GB aside
        b"X\xff\xff\xff\x7f",
        b"\x8d" + struct.pack("<Q", 2**62),
        b"\x8e" + struct.pack("<Q", 2**40),
        b"\x8b\xff\xff\xff\x7f",
        b"}" + b")" + b"\x85" * 200_000 + b"Ns",  # its hash overflows the C stack
        b"(" * 200_000,
        b"]" * 200_000 + b"a" * 199_999,
        b"}" + b"".join(b"\x8a\x10" + (i * (2**61 - 1)).to_bytes(16, "little") + b"Ns"
                        for i in range(2**62, 2**62 + 20_000)),  # all hash to one value
    ],
)  # fmt: skip
def test_small_files_cost_little(torch_file, write, tmp_path, code):
    refused_quickly(write(tmp_path / "w.pt", {"w": torch_file.Raw(code), "v": 1}))


def test_lists_that_hold_each_other_are_not_unrolled(torch_file, write, tmp_path):
    doubled = b"]q\x00" + b"".join(
        b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(60)
    )
    refused_quickly(write(tmp_path / "w.pt", {"w": torch_file.Raw(doubled), "v": 1}))


def test_dictionaries_that_hold_themselves(torch_file, write, tmp_path):
    own = b"}q\x09X\x05\x00\x00\x00modelh\x09s"
    refused_quickly(write(tmp_path / "w.pt", {"model": torch_file.Raw(own)}))
    many = b"}q\x09(" + b"".join(b"J" + struct.pack("<i", i) + b"N" for i in range(20_000)) + b"u"
    names = b"".join(b"X\x04\x00\x00\x00" + f"{i:04d}".encode() + b"h\x09" for i in range(9_000))
    whole = torch_file.Raw(b"}(X\x01\x00\x00\x00a" + many + names + b"u")
    refused_quickly(write(tmp_path / "w.pt", whole))


def test_a_pickle_of_many_megabytes(torch_file, write, tmp_path):
    refused_quickly(write(tmp_path / "w.pt", {"w": "x" * (2**23)}))


@pytest.mark.parametrize(
    "changes",
    [
        {"size": (7,), "strides": (1,)},
        {"size": (2,), "strides": (6,)},
        {"size": (6,), "strides": (1,), "offset": 1},
        {"size": (), "strides": (), "offset": 6},
        {"size": (0,), "strides": (1,), "offset": 7},
        {"size": (2,), "strides": (-1,), "offset": 3},
        {"size": (-2,), "strides": (1,)},
        {"size": (2, 3), "strides": (1,)},
        {"size": (2**62, 2**62), "strides": (0, 0)},
        {"size": (2**40, 2**40), "strides": (0, 0)},
        {"size": (0, 2**62), "strides": (0, 0)},
        {"size": (2,), "strides": (2**63,)},
        {"size": (1,) * 40, "strides": (1,) * 40},
        {"size": (True,), "strides": (1,)},
        {"size": ("2",), "strides": (1,)},
        {"size": (2.0,), "strides": (1,)},
        {"size": [2], "strides": [1]},
        {"size": (2,), "strides": (1,), "offset": -1},
    ],
)
def test_tensors_that_lie(torch_file, write, tmp_path, changes):
    storage = torch_file.Storage(np.arange(6, dtype=np.float32))
    with pytest.raises(CheckpointError, match=r"outside|match|axes|integer"):
        read(write(tmp_path / "w.pt", {"w": torch_file.Tensor(storage, **changes)}))


@pytest.mark.parametrize("announced", [5, 7, 2**40, 2**62, -1, 0])
def test_storages_that_lie(torch_file, write, tmp_path, announced):
    storage = torch_file.Storage(np.arange(6, dtype=np.float32), announced=announced)
    tensors = {"w": torch_file.Tensor(storage, (min(max(announced, 0), 7),), (1,))}
    with pytest.raises(CheckpointError, match=r"announced|stored|integer"):
        read(write(tmp_path / "w.pt", tensors))


@pytest.mark.parametrize("view", [("1", 4, 3), ("1", -1, 3), ("1", 0), "1", ("1", 2.0, 1)])
def test_views_that_lie(torch_file, tmp_path, view):
    storage = torch_file.Storage(np.arange(6, dtype=np.float32), view=view)
    tensors = {"w": torch_file.Tensor(storage, (3,), (1,))}
    with pytest.raises(CheckpointError, match="view"):
        read(torch_file.write_stream(tmp_path / "w.pt", tensors))


def test_one_key_for_two_storages(torch_file, write, tmp_path):
    storages = [torch_file.Storage(np.zeros(n, "float32"), key="k") for n in (2, 3)]
    tensors = {str(s.elements): torch_file.Tensor(s, (2,), (1,)) for s in storages}
    with pytest.raises(CheckpointError, match="'k' is described in two ways"):
        read(write(tmp_path / "w.pt", tensors))


def test_keys_that_climb_out_of_the_archive(torch_file, tmp_path):
    storage = torch_file.Storage(np.zeros(2, "float32"), key="../../../etc/passwd")
    tensors = {"w": torch_file.Tensor(storage, (2,), (1,))}
    with pytest.raises(CheckpointError, match="leaves its folder"):
        read(torch_file.write_zip(tmp_path / "w.pt", tensors))


def test_names_that_cannot_be_printed(torch_file, write, tmp_path):
    with pytest.raises(CheckpointError, match="no printable text"):
        read(write(tmp_path / "w.pt", {"a\x1b[2J": torch_file.tensor(np.zeros(2))}))


def test_where_a_pickle_ends():
    value = {"a": [1, -(2**40), (2.5, None, 1, 2), True, "é", {}, b"x\x80"]}
    data = b"rest" + pickle.dumps(value, 2) + b"!"
    assert interpreted(data, 4) == (value, len(data) - 1)
    data = pickle.dumps([b"x" * 300, (), (1,), (1, 2, 3), "y" * 300, False], 5)
    assert interpreted(data) == (pickle.loads(data), len(data))


NUMBERS = [
    *(kind(1) for kind in (np.int64, np.float64, np.float32, np.float16, np.uint8, np.bool_)),
    *(np.str_("é"), np.complex128(1j), np.datetime64("2026-11-21"), np.dtype(">f4")),
    *(np.arange(6).reshape(2, 3), np.zeros((0, 2), np.float32)),
]


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("core", [b"numpy.core.", b"numpy._core."])
def test_numbers_of_numpy_have_no_value(protocol, core):
    """As NumPy 1 and 2 write them; an old name is as long as its length says."""
    for number in NUMBERS:
        data = pickle.dumps({"best": number, "epoch": 3}, protocol)
        own = b"numpy._core." if b"numpy._core." in data else b"numpy.core."
        if protocol < 4:
            data = data.replace(own, core)
        found, _ = interpreted(data)
        assert found["epoch"] == 3
        assert type(found["best"]) is NumpyValue


def test_training_checkpoints_hold_numbers_of_numpy(torch_file, write, tmp_path):
    tensors = {"w": torch_file.tensor(np.eye(2, dtype=np.float32))}
    whole = {"epoch": np.int64(3), "best": np.float64(63.5), "model": tensors, "seen": np.ones(2)}
    path = write(tmp_path / "last.pth.tar", whole)
    np.testing.assert_array_equal(read(path)["w"], np.eye(2))
    assert describe(path).left_out == ("epoch", "best", "seen")
    with pytest.raises(CheckpointError, match="a key of type NumpyValue"):
        read(write(tmp_path / "w.pt", {"state_dict": {np.int64(0): tensors["w"]}}))


@pytest.mark.parametrize(
    "code",
    [
        called(np.array, [1]),
        called(np.frombuffer, b"1"),
        b"cnumpy\nload\n(X\x01\x00\x00\x00atR",
        b"cnumpy.core.multiarray\nfromfile\n(X\x01\x00\x00\x00atR",
        b"cnumpy\nndarray\n(K\x01tR",
        b"cnumpy\nndarray\n}X\x01\x00\x00\x00aNsb",
        b"cnumpy\ndtype\n(K\x01tR",
        b"cnumpy\ndtype\n(ctorch\nFloatStorage\ntR",
        b"cnumpy.core.multiarray\nscalar\n(NNtR",
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(X\x01\x00\x00\x00OtR}tR",  # an object
        b"cnumpy.core.multiarray\n_reconstruct\n(ccollections\nOrderedDict\nNNtR",
        b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x03\x00\x00\x00zlbtR",
        b"c_codecs\nencode\n(NNtR",
        b"c_codecs\nencode\n(X\x03\x00\x00\x00\xe2\x82\xacX\x06\x00\x00\x00latin1tR",
        b"c_codecs\nlookup\n(X\x01\x00\x00\x00atR",
    ],
)
def test_nothing_else_of_numpy_is_admitted(torch_file, write, tmp_path, code):
    with pytest.raises(CheckpointError):
        read(write(tmp_path / "w.pt", {"w": torch_file.Raw(code), "v": 1}))


def test_a_stack_left_in_disorder():
    for data in (b"\x80\x02NN.", b"\x80\x02N(N.", b"\x80\x02."):
        with pytest.raises((CheckpointError, IndexError)):
            interpreted(data)


def test_streams_that_are_none(torch_file, tmp_path):
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(CheckpointError, match=r"none that torch\.save wrote"):
        read(tmp_path / "plain.pkl")
    tensors = {"w": torch_file.tensor(np.zeros(6))}
    torch_file.write_stream(tmp_path / "w.pth", tensors, magic=5)
    with pytest.raises(CheckpointError, match=r"none that torch\.save wrote"):
        read(tmp_path / "w.pth")
    torch_file.write_stream(tmp_path / "w.pth", tensors, cut=-1)
    with pytest.raises(CheckpointError, match="the file ends after 47 bytes"):
        read(tmp_path / "w.pth")
