"""Files of the safetensors package, read by that package and checked against it."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from tfwsol.checkpoints import CheckpointError, describe, read


def written(path, dtype, shape, data, offsets=None):
    header = {"w": {"dtype": dtype, "shape": shape, "data_offsets": offsets or [0, len(data)]}}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_arrays_come_back(tmp_path):
    arrays = {
        "module.b": np.arange(6, dtype=np.float32).reshape(2, 3),
        "module.a": np.array(7, np.int64),
        "module.c": np.array([True, False]),
        "module.d": np.zeros((0, 3), np.float16),
        "module.e": np.array([1 + 2j], np.complex64),
    }
    save_file(arrays, tmp_path / "w.safetensors", metadata={"format": "pt"})
    found = read(tmp_path / "w.safetensors")
    assert set(found) == {"a", "b", "c", "d", "e"}
    for name, array in arrays.items():
        name = name.removeprefix("module.")
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        assert not found[name].flags.writeable
    assert describe(tmp_path / "w.safetensors").tensors["b"] == ((2, 3), "float32")


def test_bfloat16_becomes_float32(tmp_path):
    path = written(tmp_path / "w", "BF16", [2], b"\x80\x3f\x20\xc0")
    np.testing.assert_array_equal(read(path)["w"], np.array([1, -2.5], np.float32))
    assert describe(path).tensors["w"] == ((2,), "bfloat16")


def test_dtypes_that_are_not_read(tmp_path):
    with pytest.raises(CheckpointError, match="F8_E4M3, which is not read"):
        read(written(tmp_path / "w", "F8_E4M3", [2], b"ab"))


@pytest.mark.parametrize(
    ("shape", "offsets"),
    [([3], None), ([2], [0, 80]), ([2**62, 2**62], None), ([-2], None), ([2], [8, 0]), ("a", None)],
)
def test_headers_that_lie(tmp_path, shape, offsets):
    with pytest.raises(CheckpointError, match="damaged"):
        read(written(tmp_path / "w", "F32", shape, bytes(8), offsets))


@pytest.mark.parametrize("length", [0x80, 0x4B50])
def test_headers_whose_length_looks_like_another_format(tmp_path, length):
    header = json.dumps({"w": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}).encode()
    data = struct.pack("<Q", length) + header.ljust(length) + b"\x05\x06"
    (tmp_path / "w").write_bytes(data)
    np.testing.assert_array_equal(read(tmp_path / "w")["w"], [5, 6])
