import numpy as np

from tfwsol.evaluation.trivial_maps import centred_gaussian, random_maps


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
