import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tfwsol.evaluation.example_choice import ExampleChoice


def test_best_and_worst_at_the_nearest_threshold():
    choice = ExampleChoice(2, np.array([0.1, 0.5]), 4)
    choice.update(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]))
    choice.update(np.array([2, 3]), np.array([[0.5, 0.3], [0.1, 0.6]]))
    low, high = choice.places(0.2), choice.places(0.45)
    assert (low["best"], low["worst"]) == ([0, 2], [3, 1])
    assert (high["best"], high["worst"]) == ([1, 3], [0, 2])
    assert low["by chance"] == high["by chance"]


def test_fewer_images_than_asked_for():
    choice = ExampleChoice(6, np.array([0.0]), 2)
    choice.update(np.array([0, 1]), np.array([[0.3], [0.3]]))
    assert choice.places(0) == {"best": [0, 1], "worst": [0, 1], "by chance": [0, 1]}


def test_chance_follows_the_seed():
    drawn = [ExampleChoice(5, np.zeros(1), 1000, seed).places(0)["by chance"] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == sorted(set(drawn[0]))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.integers(1, 7))
def test_parts_and_ties_do_not_matter(values, size):
    """Against sorting everything at once; of equal fits the first image is taken."""
    fits = np.array(values, float)[:, None]
    choice = ExampleChoice(3, np.zeros(1), len(fits))
    for start in range(0, len(fits), size):
        part = ExampleChoice(3, np.zeros(1), len(fits))
        part.restore(choice.state())
        choice = part
        places = np.arange(start, min(start + size, len(fits)))
        choice.update(places, fits[places])
    order = sorted(range(len(values)), key=lambda place: (-values[place], place))
    assert choice.places(0)["best"] == order[:3]
    order = sorted(range(len(values)), key=lambda place: (values[place], place))
    assert choice.places(0)["worst"] == order[:3]
