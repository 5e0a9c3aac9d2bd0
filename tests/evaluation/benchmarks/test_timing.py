import numpy as np
import pytest
import tensorflow as tf

from tfwsol.evaluation.benchmarks import Case, Timing, measure
from tfwsol.evaluation.benchmarks.timing import compare


class Machine:
    """Clocks that only move when a case runs, and a log of what ran."""

    def __init__(self):
        self.cpu = self.wall = 0.0
        self.log = []

    def case(self, name, cpu, baseline=None, **keywords):
        seconds = iter(cpu)

        def run():
            self.log.append(name)
            spent = next(seconds)
            self.cpu += spent
            self.wall += 2 * spent

        return Case(name, run, baseline, **keywords)

    def measure(self, cases, repeats, **keywords):
        clocks = {"cpu_clock": lambda: self.cpu, "wall_clock": lambda: self.wall}
        return measure(cases, repeats, **clocks, **keywords)


def test_rounds_are_interleaved_and_every_other_runs_backwards():
    machine = Machine()
    cases = [machine.case(name, [1.0] * 5) for name in "abc"]
    machine.measure(cases, repeats=3, warm_ups=2)
    assert "".join(machine.log) == "aabbcc" + "abc" + "cba" + "abc"


def test_medians_and_ratios_by_hand():
    machine = Machine()
    base = machine.case("base", [100.0, 1.0, 4.0, 2.0])
    other = machine.case("other", [100.0, 3.0, 9.0, 5.0], "base")
    first, second = machine.measure([base, other], repeats=3)
    assert (first.name, second.name) == ("base", "other")
    assert first.cpu_seconds == (1.0, 4.0, 2.0)
    assert second.wall_seconds == (6.0, 18.0, 10.0)
    assert (first.cpu_median, second.cpu_median, second.wall_median) == (2.0, 5.0, 10.0)
    assert (first.cpu_ratio, first.wall_ratio) == (None, None)
    assert (second.cpu_ratio, second.wall_ratio) == (2.5, 2.5)


def test_cpu_and_wall_ratios_are_separate():
    base = Timing("base", (1.0, 3.0), (4.0, 4.0))
    other = Timing("other", (1.0,), (12.0,), "base")
    (_, compared) = compare([base, other])
    assert (compared.cpu_ratio, compared.wall_ratio) == (0.5, 3.0)


def test_results_are_numpy_before_the_clock_stops():
    seen = []
    case = Case("sum", lambda: (tf.range(3), None), remark=lambda r: seen.append(r) or "fine")
    (timing,) = measure([case], repeats=2)
    assert timing.remark == "fine"
    ((numbers, nothing),) = seen
    assert isinstance(numbers, np.ndarray)
    assert nothing is None
    np.testing.assert_array_equal(numbers, [0, 1, 2])


def test_real_clocks_count():
    (timing,) = measure([Case("work", lambda: sum(range(10_000)) and None)], repeats=2)
    assert len(timing.cpu_seconds) == len(timing.wall_seconds) == 2
    assert min(timing.wall_seconds) > 0


@pytest.mark.parametrize(
    ("names", "baseline", "repeats", "message"),
    [
        ("ab", "c", 1, "'c', which is none of"),
        ("aa", None, 1, "unique names"),
        ("ab", None, 0, "at least one repeat"),
    ],
)
def test_what_cannot_be_timed_is_refused_before_anything_runs(names, baseline, repeats, message):
    machine = Machine()
    cases = [machine.case(name, [], baseline) for name in names]
    with pytest.raises(ValueError, match=message):
        machine.measure(cases, repeats)
    assert not machine.log
