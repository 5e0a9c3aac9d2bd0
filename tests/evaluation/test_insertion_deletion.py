import numpy as np
import pytest

from tfwsol.evaluation.insertion_deletion import (
    InsertionDeletionSettings,
    blur,
    insertion_deletion_curves,
)


def share_of_white(pictures):
    """Class 0: how white a picture is; class 1: how black."""
    white = pictures.mean(axis=(1, 2, 3)) / 255.0
    return np.stack([white, 1 - white], axis=1)


def test_by_hand():
    # Left half white, right half black; the map is hot on the left.
    picture = np.zeros((1, 4, 4, 3))
    picture[:, :, :2] = 255
    score_map = np.array([[[1.0, 0.9, 0.1, 0.0]] * 4])
    settings = InsertionDeletionSettings(steps=4, blur_deviation=1e-3, blur_side=1)
    ids = np.array([0])
    insertion, deletion = insertion_deletion_curves(
        share_of_white, picture, score_map, ids, settings
    )
    # One column goes at a time; the window of one pixel blurs nothing.
    np.testing.assert_allclose(deletion, [[0.5, 0.25, 0, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(insertion, [[0.5] * 5], atol=1e-6)
    _, deletion = insertion_deletion_curves(
        share_of_white, picture, score_map, np.array([1]), settings
    )
    np.testing.assert_allclose(deletion, [[0.5, 0.75, 1, 1, 1]], atol=1e-6)


def test_the_mean_colour_keeps_the_mean():
    generator = np.random.default_rng(0)
    pictures = generator.uniform(0, 255, (2, 6, 5, 3))
    settings = InsertionDeletionSettings(steps=3, blank="mean")
    maps = generator.uniform(size=(2, 3, 3))
    _, deletion = insertion_deletion_curves(
        share_of_white, pictures, maps, np.array([0, 1]), settings
    )
    np.testing.assert_allclose(deletion[:, 0], deletion[:, -1], rtol=1e-5)


def test_equal_heat_goes_from_the_upper_left():
    seen = []

    def predict(pictures):
        seen.append(pictures[0, :, :, 0].copy())
        return np.zeros((1, 1))

    settings = InsertionDeletionSettings(steps=2)
    picture = np.full((1, 2, 2, 3), 200.0)
    insertion_deletion_curves(predict, picture, np.ones((1, 1, 1)), np.array([0]), settings)
    deletions = seen[1::2]
    np.testing.assert_array_equal(deletions[1], [[0, 0], [200, 200]])
    np.testing.assert_array_equal(deletions[2], np.zeros((2, 2)))


def test_blur_by_hand_and_mirrored_at_the_border():
    picture = np.zeros((1, 1, 3, 1))
    picture[0, 0, 0] = 1.0
    side = np.exp(-0.5)
    total = 1 + 2 * side
    # A single row is its own mirror image. Beyond the left border the first pixel is seen again.
    expected = [[(1 + side) / total, side / total, 0.0]]
    np.testing.assert_allclose(blur(picture, 1.0, 3)[0, :, :, 0], expected, rtol=1e-6)
    constant = np.full((1, 9, 8, 3), 77.0)
    np.testing.assert_allclose(blur(constant, 5.0, 11), constant, rtol=1e-6)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"blur_side": 4}, {"blank": "grey"}])
def test_bad_settings(wrong):
    with pytest.raises(ValueError, match=r"Insertion|zero or mean"):
        InsertionDeletionSettings(**wrong)
