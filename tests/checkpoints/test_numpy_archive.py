"""NumPy archives, as tensorpack publishes them."""

import io
import zipfile

import numpy as np
import pytest

from tfwsol.checkpoints import CheckpointError, describe, read


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back(tmp_path, save):
    arrays = {
        "conv0/W:0": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        "bn/mean/EMA": np.asfortranarray(np.eye(3)[:2]),
        "step": np.array(5, np.int64),
        "big": np.arange(3, dtype=">f4"),
        "empty": np.zeros((0, 2), np.float16),
    }
    save(tmp_path / "w.npz", **arrays)
    found = read(tmp_path / "w.npz")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype.newbyteorder("=")
        assert found[name].dtype.isnative
        np.testing.assert_array_equal(found[name], array)
        assert not found[name].flags.writeable
    assert describe(tmp_path / "w.npz").tensors["conv0/W:0"] == ((2, 3, 4), "float32")


@pytest.mark.parametrize(
    "array",
    [np.array([{"a": 1}], object), np.array(["text"]), np.zeros(2, [("x", "f4")]),
     np.zeros(2, "datetime64[s]")],
)  # fmt: skip
def test_only_numbers(tmp_path, array):
    np.savez(tmp_path / "w.npz", w=array)
    with pytest.raises(CheckpointError, match=r"pickled objects|holds no numbers"):
        read(tmp_path / "w.npz")


@pytest.mark.parametrize("shape", ["(3,)", "(1099511627776, 1099511627776)", "(-1,)", "(1, -2)"])
def test_headers_that_lie(tmp_path, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("w.npy", data)
    with pytest.raises(CheckpointError, match=r"should have shape|holds no numbers"):
        read(tmp_path / "w.npz")


def test_unknown_versions_and_compressions(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(2))
    data = buffer.getvalue()
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("w.npy", data[:6] + b"\x03" + data[7:])
    with pytest.raises(CheckpointError, match="unknown version"):
        read(tmp_path / "w.npz")
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("w.npy", data)
    with pytest.raises(CheckpointError, match="never uses"):
        read(tmp_path / "w.npz")
