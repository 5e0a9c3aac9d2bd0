import numpy as np
import pytest

from tfwsol.evaluation.benchmarks import SuiteOptions
from tfwsol.evaluation.benchmarks.evaluation import LOOP, NUMPY, evaluation, random_maps


@pytest.fixture(scope="module")
def groups():
    return list(evaluation(SuiteOptions(batch_sizes=(2,))))


def test_the_groups_of_the_issue_are_there(groups):
    subjects = [group.subject for group in groups]
    assert subjects[:5] == [
        "smooth 7, 224×224, step 0.001, all contours",
        "smooth 7, 224×224, step 0.001, largest contour",
        "smooth 7, 224×224, step 0.01, all contours",
        "smooth 7, 224×224, step 0.01, largest contour",
        "smooth 14, 224×224, step 0.001, all contours",
    ]
    assert subjects[-1] == "smooth 14, 224×224, step 0.001, pixels"
    assert len(set(subjects)) == len(subjects) == 4 * 2 * 2 + 1
    assert {group.batch_size for group in groups} == {2}


def test_noise_comes_in_smaller_batches_by_default():
    sizes = {}
    for group in evaluation(SuiteOptions()):
        sizes.setdefault(group.subject.split(",")[0], set()).add(group.batch_size)
    assert sizes == {"smooth 7": {32}, "smooth 14": {32}, "smooth 28": {32}, "noise": {1}}


@pytest.mark.parametrize("place", [6, 7])  # smooth 14, step 0.01
def test_what_is_compared_gives_the_same_boxes(groups, place):
    results = {case.name: case.run() for case in groups[place].cases}
    assert list(results) == [
        LOOP,
        "box_sweep",
        "box_sweep_twin",
        "MaxBoxAcc.update_state",
        "MaxBoxAcc.update_state, 1000 replicas",
    ]
    expected = sorted(results[LOOP].tolist())
    assert len(expected) >= 200
    for name in ("box_sweep", "box_sweep_twin"):
        assert sorted(results[name].tolist()) == expected
    assert {case.baseline for case in groups[place].cases} == {None, LOOP}


def test_pixels_are_compared_with_numpy(groups):
    histograms, *updates = groups[-1].cases
    assert histograms.name == NUMPY
    assert histograms.run().sum() == 2 * 224 * 224
    assert [case.name for case in updates] == [
        "PxAP.update_state",
        "PxAP.update_state, 1000 replicas",
    ]
    for case in updates:
        assert case.baseline == NUMPY
        case.run()


def test_maps_follow_the_seed():
    first, again, other = (random_maps(7, 3, seed) for seed in (0, 0, 1))
    assert first.shape == (3, 224, 224)
    assert first.dtype == np.float64
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first.min() == 0
    assert first.max() == 1
