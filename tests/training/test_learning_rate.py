import numpy as np
import pytest

from tfwsol.training import CosineDecay, StepDecay


def rates(course, steps_per_epoch, epochs):
    schedule = course.schedule(steps_per_epoch, epochs)
    return [float(schedule(step)) for step in range(steps_per_epoch * epochs)]


def test_a_drop_comes_with_the_first_step_after_its_epochs():
    found = rates(StepDecay(0.1, (1, 3), 0.1), steps_per_epoch=2, epochs=4)
    np.testing.assert_allclose(found, [0.1] * 2 + [0.01] * 4 + [0.001] * 2, rtol=1e-6)


def test_the_published_course_drops_after_30_60_90_and_100_epochs():
    found = rates(StepDecay(0.01), steps_per_epoch=1, epochs=105)
    drops = [epoch for epoch in range(1, 105) if found[epoch] < found[epoch - 1]]
    assert drops == [30, 60, 90, 100]
    assert found[-1] == pytest.approx(1e-6)


def test_wsolevaluation_decays_at_the_start_of_an_epoch_counted_from_one():
    """Frequency 15 of 50 epochs: epochs 15, 30 and 45 already have the next rate."""
    course = StepDecay.at_start_of(0.01, frequency=15, epochs=50)
    found = rates(course, steps_per_epoch=1, epochs=50)
    by_number = dict(enumerate(found, 1))
    assert by_number[14] == pytest.approx(0.01)
    assert by_number[15] == pytest.approx(0.001)
    assert by_number[29] == pytest.approx(0.001)
    assert by_number[30] == pytest.approx(1e-4)
    assert by_number[45] == pytest.approx(1e-5)
    assert course.drops == (14, 29, 44)


def test_without_drops_the_rate_stays():
    schedule = StepDecay(0.1, ()).schedule(5, 3)
    assert [float(schedule(step)) for step in (0, 1, 14)] == pytest.approx([0.1] * 3)


def test_a_decay_every_epoch_starts_decayed():
    assert rates(StepDecay.at_start_of(1.0, 1, 3), 1, 3) == pytest.approx([0.1, 0.01, 0.001])


def test_the_cosine_falls_to_its_floor():
    found = rates(CosineDecay(0.1, floor=0.1), steps_per_epoch=5, epochs=2)
    expected = 0.01 + 0.09 * (1 + np.cos(np.pi * np.arange(10) / 10)) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_warm_up_rises_from_nothing():
    found = rates(CosineDecay(0.1, warmup_epochs=1), steps_per_epoch=4, epochs=3)
    np.testing.assert_allclose(found[:5], [0.0, 0.025, 0.05, 0.075, 0.1], rtol=1e-5)
    assert found[-1] < 0.02


@pytest.mark.parametrize(
    "make",
    [
        lambda: StepDecay(0.0),
        lambda: StepDecay(0.1, (3, 2)),
        lambda: StepDecay(0.1, factor=2.0),
        lambda: StepDecay.at_start_of(0.1, 0, 5),
        lambda: CosineDecay(-1.0),
        lambda: CosineDecay(1.0, floor=2.0),
    ],
)
def test_numbers_out_of_range_are_refused(make):
    with pytest.raises(ValueError, match=r"got|came"):
        make()
