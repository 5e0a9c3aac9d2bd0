from collections import Counter

import cv2
import numpy as np
import pytest

from tfwsol.data.critters.anatomy import grow
from tfwsol.data.critters.canvas import coverage
from tfwsol.data.critters.placement import place

SIZE = 192


@pytest.fixture(scope="module")
def critters():
    placed = []
    for seed in range(300):
        shape, scene = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
        anatomy = grow(shape)
        placed.append((anatomy, place(anatomy.outlines(), SIZE, shape, scene)))
    return placed


def test_no_limb_is_detached(critters):
    for anatomy, placement in critters:
        covered = coverage((SIZE, SIZE), map(placement.to_canvas, anatomy.outlines()))
        pieces, _ = cv2.connectedComponents((covered > 127).astype(np.uint8))
        assert pieces == 2  # background and critter


def test_the_placed_box_is_the_box_of_all_outlines(critters):
    for anatomy, placement in critters:
        points = placement.to_canvas(np.concatenate(anatomy.outlines()))
        low, high = points.min(axis=0), points.max(axis=0)
        np.testing.assert_allclose(placement.box, np.concatenate([low, high]), atol=1e-6)
        assert low.min() > 0
        assert high.max() < SIZE


def test_box_areas_are_spread_evenly_and_sides_are_limited(critters):
    sides = np.array([placement.box[2:] - placement.box[:2] for _, placement in critters]) / SIZE
    assert sides.max() <= 0.94 + 1e-9
    area = sides.prod(axis=1)
    assert area.min() > 0.10
    assert area.max() <= 0.50
    assert np.median(area) == pytest.approx(0.325, abs=0.03)


def test_all_poses_occur_in_their_shares(critters):
    poses = Counter(anatomy.pose for anatomy, _ in critters)
    shares = {"stand": 0.40, "trot": 0.25, "sit": 0.20, "lie": 0.15}
    for pose, share in shares.items():
        assert poses[pose] / len(critters) == pytest.approx(share, abs=0.08)


def test_growing_takes_the_same_number_of_draws_for_every_critter():
    positions = set()
    for seed in range(30):
        rng, twin = np.random.default_rng(seed), np.random.default_rng(seed)
        grow(rng)
        places = np.flatnonzero(twin.random(200) == rng.random())
        assert len(places) == 1
        positions.add(int(places[0]))
    assert len(positions) == 1
