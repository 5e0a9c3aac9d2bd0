import numpy as np
import pytest

from tfwsol.evaluation.run_folder import RunFolder


def test_state_comes_back_for_the_same_settings_only(tmp_path):
    folder = RunFolder(tmp_path / "new", {"step": 0.1, "methods": ("cam",)})
    assert folder.load() is None
    arrays = {"a": np.arange(3), "words": np.array("left out")}
    folder.save(40, arrays)
    position, found = RunFolder(tmp_path / "new", {"methods": ["cam"], "step": 0.1}).load()
    assert position == 40
    np.testing.assert_array_equal(found["a"], arrays["a"])
    assert str(found["words"]) == "left out"
    assert RunFolder(tmp_path / "new", {"step": 0.2}).load() is None
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["progress.npz"]


def test_results_end_the_state(tmp_path):
    folder = RunFolder(tmp_path, {"step": 0.1})
    folder.save(1, {})
    assert folder.results() is None
    folder.finish({"rows": [1.5]})
    assert folder.load() is None
    assert RunFolder(tmp_path, {"step": 0.1}).results()["rows"] == [1.5]
    assert RunFolder(tmp_path, {"step": 0.2}).results() is None


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_damaged_state_is_named(tmp_path, content):
    (tmp_path / "progress.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"progress.npz cannot be read .*remove it"):
        RunFolder(tmp_path, {}).load()


def test_results_that_are_no_json(tmp_path):
    (tmp_path / "metrics.json").write_text("{")
    with pytest.raises(ValueError, match="is not the JSON of an evaluation"):
        RunFolder(tmp_path, {}).results()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be made"):
        RunFolder(tmp_path / "file" / "below", {})
