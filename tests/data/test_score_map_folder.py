import numpy as np
import pytest

from tfwsol.data.score_map_folder import ScoreMapError, ScoreMapFolder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "val2/0").mkdir(parents=True)
    return tmp_path


def test_both_forms_of_names(folder):
    np.save(folder / "val2/0/0.jpeg.npy", np.full((2, 3), 0.25))
    np.save(folder / "val2/0/1.npy", np.full((3, 2), 0.5))
    np.save(folder / "val2/0/0.npy", np.ones((1, 1)))
    maps = ScoreMapFolder(folder)
    with_extension = maps.load("val2/0/0.jpeg")
    assert with_extension.dtype == np.float64
    np.testing.assert_array_equal(with_extension, np.full((2, 3), 0.25))
    np.testing.assert_array_equal(maps.load("val2/0/1.jpeg"), np.full((3, 2), 0.5))
    assert maps.missing(["val2/0/2.jpeg", "val2/0/1.jpeg", "x.y/1"]) == ["val2/0/2.jpeg", "x.y/1"]


def test_maps_stay_as_they_are(folder):
    values = np.asfortranarray(np.random.default_rng(0).random((5, 7)))
    np.save(folder / "a.npy", values)
    np.testing.assert_array_equal(ScoreMapFolder(folder).load("a.jpg"), values)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 2), np.float32), "holds float32; score maps are float64"),
        (np.zeros((1, 2, 2)), r"has the shape \(1, 2, 2\)"),
        (np.zeros((0, 2)), r"has the shape \(0, 2\)"),
        (np.full((2, 2), np.nan), "values from nan to nan"),
        (np.array([[0, 1.5]]), r"values from 0\.0 to 1\.5"),
        (np.array([[-0.1, 1]]), r"values from -0\.1 to 1\.0"),
    ],
)
def test_what_cannot_be_scored(folder, array, said):
    np.save(folder / "a.npy", array)
    with pytest.raises(ScoreMapError, match=said) as caught:
        ScoreMapFolder(folder).load("a.jpg")
    assert str(folder / "a.npy") in str(caught.value)


def test_nothing_in_a_file_is_run(folder):
    np.save(folder / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ScoreMapError, match=r"a\.npy is not one plain NumPy array"):
        ScoreMapFolder(folder).load("a.jpg")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"no array"])
def test_files_that_are_no_arrays(folder, content):
    (folder / "a.npy").write_bytes(content)
    with pytest.raises(ScoreMapError, match=r"a\.npy is not one plain NumPy array"):
        ScoreMapFolder(folder).load("a.jpg")


def test_a_file_that_is_cut_off(folder):
    np.save(folder / "a.npy", np.zeros((9, 9)))
    whole = (folder / "a.npy").read_bytes()
    (folder / "a.npy").write_bytes(whole[:-8])
    with pytest.raises(ScoreMapError, match=r"a\.npy is not one plain NumPy array"):
        ScoreMapFolder(folder).load("a.jpg")


def test_a_map_that_is_not_there(folder):
    with pytest.raises(ScoreMapError, match=r"no score map for b\.jpg; expected b\.jpg\.npy"):
        ScoreMapFolder(folder).load("b.jpg")


@pytest.mark.parametrize("image_id", ["../a.jpg", "/etc/a.jpg", "", "x/../../a"])
def test_ids_stay_in_the_folder(folder, image_id):
    with pytest.raises(ScoreMapError, match="is not a path below"):
        ScoreMapFolder(folder).load(image_id)


def test_no_folder(tmp_path):
    with pytest.raises(ScoreMapError, match="is not a folder"):
        ScoreMapFolder(tmp_path / "none")
