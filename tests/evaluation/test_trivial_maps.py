import numpy as np

from tfwsol.evaluation.trivial_maps import centred_gaussian, random_maps, trivial_maps


def test_gaussian_by_hand():
    maps = centred_gaussian(3, (5, 9), deviation=0.25)
    assert maps.shape == (3, 5, 9)
    assert maps[0, 2, 4] == 1.0
    # Two rows from the centre: 2 / (0.25 * 5) deviations.
    np.testing.assert_allclose(maps[0, 0, 4], np.exp(-0.5 * 1.6**2), rtol=1e-6)
    np.testing.assert_array_equal(maps[0], maps[0, ::-1, ::-1])


def test_random_maps_follow_their_seed():
    np.testing.assert_array_equal(random_maps(2, (3, 4), 7), random_maps(2, (3, 4), 7))
    assert np.abs(random_maps(2, (3, 4), 7) - random_maps(2, (3, 4), 8)).max() > 0.1


def test_maps_by_name():
    maps = trivial_maps(["full_image", "random", "centred_gaussian"], 0, 3)
    assert list(maps) == ["full_image", "random", "centred_gaussian"]
    assert (maps["full_image"] == 1).all()
    assert maps["centred_gaussian"].shape == (3, 224, 224)


def test_noise_belongs_to_its_image_whatever_the_batch():
    whole = trivial_maps(["random"], 0, 9, seed=4)["random"]
    np.testing.assert_array_equal(trivial_maps(["random"], 5, 2, seed=4)["random"], whole[5:7])
    assert np.unique(whole).size == whole.size
    assert (trivial_maps(["random"], 0, 9, seed=5)["random"] != whole).all()
