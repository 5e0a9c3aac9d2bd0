import math

import numpy as np

from tfwsol.metrics.poisson_weights import poisson_weights


def test_weights_are_poisson_of_mean_one():
    weights = poisson_weights(50, 0, 4000, seed=1)
    assert weights.shape == (50, 4000)
    assert weights.dtype == np.float64
    shares = np.bincount(weights.astype(int).ravel(), minlength=6)[:6] / weights.size
    expected = [math.exp(-1) / math.factorial(k) for k in range(6)]
    np.testing.assert_allclose(shares, expected, atol=4 * 0.5 / math.sqrt(weights.size))


def test_images_and_replicas_are_drawn_independently():
    weights = poisson_weights(400, 0, 400, seed=2) - 1
    for products in (weights @ weights.T, weights.T @ weights):
        off_diagonal = products[~np.eye(400, dtype=bool)] / 400
        assert abs(off_diagonal.mean()) < 1e-2
        assert off_diagonal.std() < 0.06  # 1 / sqrt(400) if independent


def test_batches_of_any_size_draw_the_same():
    whole = poisson_weights(7, 0, 10, seed=3)
    parts = [poisson_weights(7, first, 5, seed=3) for first in (0, 5)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    np.testing.assert_array_equal(poisson_weights(7, 9, 1, seed=3), whole[:, 9:])


def test_seeds_and_streams_differ():
    drawn = [poisson_weights(8, 0, 50, *key) for key in ((0, 0), (1, 0), (0, 1))]
    assert all((drawn[a] != drawn[b]).any() for a, b in ((0, 1), (0, 2), (1, 2)))
