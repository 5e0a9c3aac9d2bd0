import numpy as np

from tfwsol.data.critters.palette import CHARCOAL, COATS, MARKS, WHITE, jitter, legible_mark


def test_a_mark_that_would_drown_becomes_charcoal_or_white():
    cream, charcoal_coat = COATS[3], COATS[7]
    # |245-226| + |242-202| + |235-160| = 134 < 200.
    np.testing.assert_array_equal(legible_mark(WHITE, cream), CHARCOAL)
    np.testing.assert_array_equal(legible_mark(CHARCOAL, charcoal_coat), WHITE)


def test_a_mark_that_stands_out_stays():
    np.testing.assert_array_equal(legible_mark(WHITE, COATS[7]), WHITE)


def test_every_mark_stands_out_from_every_coat():
    for coat in COATS:
        for mark in MARKS:
            assert np.abs(legible_mark(mark, coat) - coat).sum() >= 200


def test_jitter_has_the_stated_spread():
    rng = np.random.default_rng(0)
    moved = np.array([jitter(np.full(3, 128.0), 12.0, rng) for _ in range(4000)]) - 128
    # Per channel: sqrt(0.7² + 0.5²) · 12; between channels only the common shift is shared.
    np.testing.assert_allclose(moved.std(axis=0), 12 * np.sqrt(0.74), rtol=0.05)
    np.testing.assert_allclose(np.cov(moved.T)[0, 1], (0.7 * 12) ** 2, rtol=0.1)


def test_jitter_keeps_away_from_the_ends():
    rng = np.random.default_rng(0)
    moved = np.array([jitter(np.array([0.0, 255.0, 250.0]), 14.0, rng) for _ in range(50)])
    assert moved.min() >= 8
    assert moved.max() <= 252
