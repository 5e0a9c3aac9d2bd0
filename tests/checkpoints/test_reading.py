"""What torch.save can write comes back, and other files are named for what they are."""

import struct
import zipfile

import keras
import ml_dtypes
import numpy as np
import pytest

from tfwsol.checkpoints import CheckpointError, describe, read


def numbers(dtype):
    random = np.random.default_rng(0)
    if dtype.startswith("complex"):
        return (random.normal(size=(3, 4)) + 1j * random.normal(size=(3, 4))).astype(dtype)
    if dtype.startswith("float"):
        return random.normal(size=(3, 4)).astype(dtype)
    return random.integers(0, 2 if dtype == "bool" else 100, (3, 4)).astype(dtype)


def test_every_dtype(torch_file, write, tmp_path):
    arrays = {dtype: numbers(dtype) for dtype in torch_file.dtypes if dtype != "bfloat16"}
    path = write(tmp_path / "w.pt", {name: torch_file.tensor(a) for name, a in arrays.items()})
    found = read(path)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        assert not found[name].flags.writeable


def test_bfloat16_becomes_float32_exactly(torch_file, write, tmp_path):
    halves = np.array([1.0, -2.5, 3e38, 1e-38, np.inf], ml_dtypes.bfloat16)
    storage = torch_file.Storage(halves.tobytes(), "bfloat16")
    path = write(tmp_path / "w.pt", {"w": torch_file.Tensor(storage, (5,), (1,))})
    assert read(path)["w"].dtype == np.float32
    np.testing.assert_array_equal(read(path)["w"], halves.astype(np.float32))
    assert describe(path).tensors == {"w": ((5,), "bfloat16")}


@pytest.mark.parametrize("order", ["big", "little", None])
def test_byte_order(torch_file, tmp_path, order):
    arrays = {dtype: numbers(dtype) for dtype in torch_file.dtypes if dtype != "bfloat16"}
    tensors = {name: torch_file.tensor(array) for name, array in arrays.items()}
    found = read(torch_file.write_zip(tmp_path / "w.pt", tensors, order))
    for name, array in arrays.items():
        assert found[name].dtype.isnative
        np.testing.assert_array_equal(found[name], array)


def test_an_unknown_byte_order(torch_file, tmp_path):
    tensors = {"w": torch_file.tensor(np.zeros(2))}
    with pytest.raises(CheckpointError, match="byte order"):
        read(torch_file.write_zip(tmp_path / "w.pt", tensors, "middle"))


def test_strides_offsets_and_shared_storages(torch_file, write, tmp_path):
    flat = np.arange(24, dtype=np.float32)
    storage, tensor = torch_file.Storage(flat), torch_file.Tensor
    tensors = {
        "whole": tensor(storage, (2, 3, 4), (12, 4, 1)),
        "transposed": tensor(storage, (4, 3, 2), (1, 4, 12)),
        "part": tensor(storage, (2, 2), (4, 2), offset=13),
        "last": tensor(storage, (), (), offset=23),
        "repeated": tensor(storage, (3, 2), (0, 1), offset=5),
        "none": tensor(storage, (0, 5), (5, 1), offset=24),
        "channels_last": tensor(storage, (2, 3, 2, 2), (12, 1, 6, 3)),
    }
    found = read(write(tmp_path / "w.pt", tensors))
    whole = flat.reshape(2, 3, 4)
    expected = {
        "whole": whole,
        "transposed": whole.transpose(2, 1, 0),
        "part": [[13, 15], [17, 19]],
        "last": np.float32(23),
        "repeated": [[5, 6]] * 3,
        "none": np.zeros((0, 5)),
        "channels_last": flat.reshape(2, 2, 2, 3).transpose(0, 3, 1, 2),
    }
    for name, array in expected.items():
        assert found[name].shape == np.shape(array), name
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    assert np.shares_memory(found["whole"], found["transposed"])


def test_empty_and_scalar_storages(torch_file, write, tmp_path):
    tensors = {
        "empty": torch_file.tensor(np.zeros((0, 3), np.float16)),
        "scalar": torch_file.tensor(np.array(7, np.int64)),
        "parameter": torch_file.tensor(np.ones(2, np.float32), is_parameter=True),
    }
    found = read(write(tmp_path / "w.pt", tensors))
    assert found["empty"].shape == (0, 3)
    assert found["scalar"] == 7
    assert found["scalar"].shape == ()
    np.testing.assert_array_equal(found["parameter"], [1, 1])


def test_a_view_of_a_storage_in_an_old_stream(torch_file, tmp_path):
    storage = torch_file.Storage(np.arange(9, dtype=np.float32), view=("1", 4, 3))
    tensors = {"w": torch_file.Tensor(storage, (2,), (1,), offset=1)}
    np.testing.assert_array_equal(
        read(torch_file.write_stream(tmp_path / "w.pth.tar", tensors))["w"], [5, 6]
    )


def test_training_checkpoints_are_entered(torch_file, write, tmp_path):
    inner = {"module.a.weight": torch_file.tensor(np.eye(2, dtype=np.float32))}
    step = {"state": {0: {"m": torch_file.tensor(np.zeros(2))}}, "groups": [{"lr": 0.1, "n": (1,)}]}
    whole = {"epoch": 3, "arch": "vgg", "best": 0.5, "state_dict": inner, "optimizer": step}
    path = write(tmp_path / "w.pth.tar", whole)
    assert list(read(path)) == ["a.weight"]
    found = describe(path)
    assert (found.container, found.prefix) == ("state_dict", "module.")
    assert found.left_out == ("epoch", "arch", "best", "optimizer")
    assert "1 tensors in 'state_dict', prefix 'module.' taken off" in str(found)
    assert "a.weight: float32 (2, 2)" in str(found)


def test_an_entry_can_be_named(torch_file, write, tmp_path):
    ones, twos = (torch_file.tensor(np.full(2, value)) for value in (1.0, 2.0))
    path = write(tmp_path / "w.pt", {"model": {"w": ones}, "ema": {"deep": {"w": twos}}})
    assert read(path)["w"][0] == 1
    assert read(path, "ema")["w"][0] == 2
    assert read(path, "ema/deep")["w"][0] == 2
    with pytest.raises(CheckpointError, match=r"no dictionary 'emma' in it \(found .*'ema'"):
        read(path, "emma")


@pytest.mark.parametrize("protocol", [4, 5])
def test_newer_opcodes(torch_file, tmp_path, protocol):
    """STACK_GLOBAL, MEMOIZE, short text and frames, as with torch.save(pickle_protocol=4)."""
    text = b"".join(b"\x8c" + bytes([len(t)]) + t for t in (b"torch._utils", b"_rebuild_tensor"))
    storage = (
        b"(\x8c\x07storage\x94\x8c\x05torch\x8c\x0cFloatStorage\x93\x8c\x010\x8c\x03cpuK\x02tQ"
    )
    body = b"}\x94\x8c\x01w\x94" + text + b"\x93\x94(" + storage + b"K\x00K\x02\x85K\x01\x85tRs."
    data = b"\x80" + bytes([protocol]) + b"\x95" + struct.pack("<Q", len(body)) + body
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        archive.writestr("w/data.pkl", data)
        archive.writestr("w/data/0", np.array([3, 4], "<f4").tobytes())
    np.testing.assert_array_equal(read(tmp_path / "w.pt")["w"], [3, 4])


def test_a_state_dict_that_python_2_wrote(torch_file, tmp_path):
    """Text as SHORT_BINSTRING, and the items of the OrderedDict in its call."""
    storage = b"(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x01NtQ"
    one = b"ctorch._utils\n_rebuild_tensor\n(" + storage + b"K\x00K\x01\x85K\x01\x85tR"
    pair = b"](U\x01w" + one + b"e"
    raw = torch_file.Raw(b"ccollections\nOrderedDict\n](" + pair + b"e\x85R")
    parts = [torch_file.Pickled(v).data for v in (0x1950A86A20F9469CFC6C, 1001, {}, raw, ["0"])]
    numbers = struct.pack("<qf", 1, 2.5)
    (tmp_path / "w.pth").write_bytes(b"".join(parts) + numbers)
    assert read(tmp_path / "w.pth")["w"] == [2.5]


def test_files_of_other_kinds(tmp_path):
    keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "m.keras")
    np.save(tmp_path / "one.npy", np.zeros(2))
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    (tmp_path / "empty.pth").write_bytes(b"")
    (tmp_path / "text.pth").write_text("version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "w.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    expected = {
        "m.keras": "load_model",
        "one.npy": r"numpy\.savez",
        "texts.zip": "ZIP archive of something else",
        "empty.pth": "was expected",
        "text.pth": "was expected",
        "w.h5": "load_weights",
        "nothing.pth": "No such file",
        ".": "Is a directory",
    }
    for name, words in expected.items():
        with pytest.raises(CheckpointError, match=words) as raised:
            read(tmp_path / name)
        assert str(tmp_path) in str(raised.value)
        assert "\n" not in str(raised.value)


def test_what_no_state_dict_is(torch_file, write, tmp_path):
    tensor = torch_file.tensor(np.zeros(2))
    for value, words in (
        ([tensor], "a list"),
        (tensor, "a single tensor"),
        ({"a": 1}, "no tensors"),
    ):
        with pytest.raises(CheckpointError, match=words):
            read(write(tmp_path / "w.pt", value))
