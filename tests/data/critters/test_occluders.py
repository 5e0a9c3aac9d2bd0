import numpy as np
import pytest

from tfwsol.data.critters.occluders import head_in_sight, paint_front, place_occluders
from tfwsol.data.critters.placement import Placement

SIZE = 120


@pytest.fixture(scope="module")
def scenes():
    whole, head = np.zeros((SIZE, SIZE), np.uint8), np.zeros((SIZE, SIZE), np.uint8)
    whole[40:90, 20:100] = 255
    head[40:60, 80:100] = 255
    placement = Placement(np.eye(2), np.zeros(2), np.array([20.0, 40.0, 100.0, 90.0]))
    fronts = [
        place_occluders(placement, whole, head, np.random.default_rng([7, seed]))
        for seed in range(300)
    ]
    return whole, head, fronts


def test_critter_and_head_stay_in_sight(scenes):
    whole, head, fronts = scenes
    for front in fronts:
        assert (whole * (255.0 - front.hidden)).sum() / (255 * whole.sum()) >= 0.74
        assert head_in_sight(head, front) >= 0.85


def test_about_half_of_the_scenes_have_occluders(scenes):
    # Wanted in 55 %; some are refused because they would hide too much.
    share = np.mean([len(front.parts) > 0 for front in scenes[2]])
    assert 0.45 < share < 0.62


def test_hidden_is_where_the_front_is_painted(scenes):
    for front in scenes[2][:20]:
        canvas = np.full((SIZE, SIZE, 3), 255, np.uint8)
        paint_front(canvas, front)
        changed = (canvas < 250).any(axis=-1)
        assert (front.hidden[changed] > 0).all()
        assert changed[front.hidden == 255].mean() > 0.95 if changed.any() else True
