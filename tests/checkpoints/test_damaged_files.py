"""Whatever is wrong with a file, the reader says so in one sentence and in bounded time."""

import random
import time
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from tfwsol.checkpoints import CheckpointError, describe, read

RUNS = 250


def written(torch_file, kind, path):
    arrays = {
        "module.layer1.0.conv1.weight": np.arange(36, dtype=np.float32).reshape(2, 2, 3, 3),
        "module.layer1.0.bn1.weight": np.ones(2, np.float16),
        "module.layer1.0.bn1.num_batches_tracked": np.array(7, np.int64),
    }
    tensors = {name: torch_file.tensor(array) for name, array in arrays.items()}
    checkpoint = {"epoch": 3, "state_dict": tensors, "best": np.float64(0.5), "n": np.int64(3)}
    checkpoint |= {"args": ["a", (1, None)], "losses": np.arange(3.0)}
    if kind == "zip":
        torch_file.write_zip(path, checkpoint)
    elif kind == "stream":
        torch_file.write_stream(path, checkpoint)
    elif kind == "safetensors":
        save_file(arrays, path, metadata={"format": "pt"})
    else:
        with path.open("wb") as file:
            (np.savez if kind == "npz" else np.savez_compressed)(file, **arrays)
    return path.read_bytes()


def damaged(data, draw):
    """The bytes with one to four of them changed, cut, doubled or swapped for a likely one."""
    data = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(data))
        way = draw.randrange(6)
        if way == 0:
            data[place] ^= 1 << draw.randrange(8)
        elif way == 1:
            data[place] = draw.choice(b"\x00\xff\x7f\x80(.tQRbcqrhuse}])\x93\x94\x8a\x8cXKJMNU")
        elif way == 2:
            data[place : place + draw.randint(1, 8)] = b"\xff" * draw.randint(0, 8)
        elif way == 3:
            data[place : place + 4] = draw.randbytes(4)
        elif way == 4:
            data[place:place] = data[place : place + draw.randint(1, 60)]
        elif draw.random() < 0.2:
            del data[place:]
        data = data or bytearray(b"P")
    return bytes(data)


@pytest.mark.parametrize("kind", ["zip", "stream", "safetensors", "npz", "compressed"])
def test_random_damage(torch_file, tmp_path, kind):
    path = tmp_path / "w"
    whole = written(torch_file, kind, path)
    assert len(read(path)) == 3
    draw = random.Random(kind)
    refusals = []
    start = time.perf_counter()
    for _ in range(RUNS):
        path.write_bytes(damaged(whole, draw))
        try:
            found = read(path)
            str(describe(path)).encode()
        except CheckpointError as error:
            refusals.append(str(error).replace(str(path), ""))
            continue
        assert all(array.size < 1000 for array in found.values())
    assert RUNS / 3 < len(refusals) < RUNS
    assert all(refusal.isprintable() and len(refusal) < 500 for refusal in refusals)
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize("kind", ["zip", "stream", "safetensors", "npz", "compressed"])
def test_every_way_to_be_cut_short(torch_file, tmp_path, kind):
    path = tmp_path / "w"
    whole = written(torch_file, kind, path)
    for length in [*range(80), *range(80, len(whole), 17), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            read(path)


def test_compressed_and_bomb_members(torch_file, tmp_path):
    tensors = {"w": torch_file.tensor(np.zeros(2**16))}
    path = torch_file.write_zip(tmp_path / "w.pt", tensors, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="compressed, which PyTorch never does"):
        read(path)
    np.savez_compressed(tmp_path / "bomb.npz", a=np.zeros(2**24))
    assert (tmp_path / "bomb.npz").stat().st_size < 2**18
    with pytest.raises(CheckpointError, match="ZIP bomb"):
        read(tmp_path / "bomb.npz")


def test_members_that_overlap(torch_file, tmp_path):
    """Ten names for one run of bytes would give ten times the file's size."""
    path = tmp_path / "w.pt"
    torch_file.write_zip(path, {"w": torch_file.tensor(np.zeros(1000))})
    with zipfile.ZipFile(path, "a") as archive:
        info = archive.getinfo("archive/data/0")
        for number in range(10):
            copy = zipfile.ZipInfo(f"archive/data/x{number}")
            copy.header_offset, copy.file_size = info.header_offset, info.file_size
            copy.compress_size, copy.CRC = info.compress_size, info.CRC
            archive.filelist.append(copy)
        archive._didModify = True
    with pytest.raises(CheckpointError, match="ZIP bomb"):
        read(path)


@pytest.mark.parametrize("name", ["/etc/x", "archive/../../x", "..\\x", "C:/x", "\\\\host\\x"])
def test_members_with_odd_paths(torch_file, tmp_path, name):
    tensors = {"w": torch_file.tensor(np.zeros(2))}
    path = torch_file.write_zip(tmp_path / "w.pt", tensors, extra=[(name, b"x")])
    with pytest.raises(CheckpointError, match="leaves its folder"):
        read(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_stand_twice(torch_file, tmp_path):
    tensors = {"w": torch_file.tensor(np.zeros(2))}
    path = torch_file.write_zip(tmp_path / "w.pt", tensors, extra=[("archive/data/0", b"y" * 16)])
    with pytest.raises(CheckpointError, match="twice"):
        read(path)


def test_programs_and_missing_storages(torch_file, tmp_path):
    tensors = {"w": torch_file.tensor(np.zeros(2))}
    program = [("archive/constants.pkl", b"\x80\x02).")]
    with pytest.raises(CheckpointError, match="TorchScript"):
        read(torch_file.write_zip(tmp_path / "w.pt", tensors, extra=program))
    path = torch_file.write_zip(tmp_path / "w.pt", tensors)
    path.write_bytes(path.read_bytes().replace(b"archive/data/0", b"archive/data/1"))
    with pytest.raises(CheckpointError, match=r"'archive/data/0' is missing"):
        read(path)


def test_an_unreadable_file(torch_file, tmp_path, monkeypatch):
    def denied(*arguments, **named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    with pytest.raises(CheckpointError, match=r"cannot be read: Permission denied\."):
        read(tmp_path / "w.pt")
