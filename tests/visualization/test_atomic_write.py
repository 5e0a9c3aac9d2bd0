"""Files appear whole or not at all."""

import json
import pathlib

import numpy as np
import pytest
from PIL import Image

from tfwsol.visualization import replacing, write_json, write_png, write_text


def fail_half_way(path):
    with replacing(path) as draft:
        draft.write_text("half")
        raise RuntimeError("half way")


def test_png_keeps_every_pixel_and_makes_directories(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    path = tmp_path / "new" / "deep" / "a.png"
    write_png(path, image)
    with Image.open(path) as read:
        np.testing.assert_array_equal(np.asarray(read), image)
    assert [entry.name for entry in path.parent.iterdir()] == ["a.png"]


def test_a_failure_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way(path)
    with pytest.raises(ValueError, match="uint8"):
        write_png(path, np.zeros((3, 3)))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with replacing(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_json_of_arrays(tmp_path):
    content = {"loss": np.float32(0.5), "ids": np.arange(3), "name": "é", "at": pathlib.Path("a")}
    write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"loss": 0.5, "ids": [0, 1, 2], "name": "é", "at": "a"}
    assert "é" in text
    with pytest.raises(TypeError, match="set has no JSON form"):
        write_json(tmp_path / "b.json", {"a": {1}})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", {"a": np.array([np.nan])})
    assert not (tmp_path / "b.json").exists()
