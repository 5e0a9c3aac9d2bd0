import numpy as np

from tfwsol.data.critters.light import light_up


def test_pictures_that_agree_in_a_pixel_still_agree_in_it():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 24, 24, 3), np.uint8)
    pictures[1, :12] = pictures[0, :12]
    for seed in range(10):
        first, second = light_up(pictures, np.random.default_rng(seed))
        np.testing.assert_array_equal(first[:12], second[:12])
        assert (first[12:] != second[12:]).mean() > 0.8


def test_light_varies_between_scenes_and_stays_moderate():
    grey = np.full((1, 32, 32, 3), 128, np.uint8)
    means = [light_up(grey, np.random.default_rng(seed)).mean() for seed in range(60)]
    assert 8 < np.std(means) < 30
    assert 105 < np.mean(means) < 145
