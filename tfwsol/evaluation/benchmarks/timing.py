"""Timing cases against each other in one run."""

from __future__ import annotations

import dataclasses
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
from tqdm import tqdm


@dataclasses.dataclass(frozen=True)
class Case:
    """Something to time.

    Attributes:
        name: Unique among the cases it is timed with.
        run: Takes nothing and returns tensors in any structure, or None. Turning them into NumPy
            arrays is part of what is timed, so that no device still works on them afterwards.
        baseline: The name of the case to compare with; None: this is one.
        remark: Reads something worth knowing off the last result, as NumPy arrays.
    """

    name: str
    run: Callable[[], Any]
    baseline: str | None = None
    remark: Callable[[Any], str] | None = None


@dataclasses.dataclass(frozen=True)
class Timing:
    """What one case took.

    Attributes:
        name: Of the case.
        cpu_seconds: One per repeat, of all threads of this process: steady on a shared machine.
        wall_seconds: One per repeat.
        baseline: The name of the case it is compared with, or None.
        cpu_ratio: Median CPU time over the baseline's; None where there is no baseline.
        wall_ratio: The same of wall time.
        remark: What the case had to say, or nothing.
    """

    name: str
    cpu_seconds: tuple[float, ...]
    wall_seconds: tuple[float, ...]
    baseline: str | None = None
    cpu_ratio: float | None = None
    wall_ratio: float | None = None
    remark: str = ""

    @property
    def cpu_median(self) -> float:
        """Median CPU seconds."""
        return statistics.median(self.cpu_seconds)

    @property
    def wall_median(self) -> float:
        """Median wall seconds."""
        return statistics.median(self.wall_seconds)


def measure(
    cases: Sequence[Case],
    repeats: int,
    warm_ups: int = 1,
    label: str = "",
    cpu_clock: Callable[[], float] = time.process_time,
    wall_clock: Callable[[], float] = time.perf_counter,
) -> list[Timing]:
    """Timings of the cases, in their order, from rounds in which each of them runs once.

    Every other round runs backwards, so that a machine that slows down slows all cases alike.

    Args:
        cases: With unique names.
        repeats: How many rounds count.
        warm_ups: How often each case runs before, to trace and to fill caches.
        label: What the progress bar says (there is one on a terminal only).
        cpu_clock: Seconds of CPU time.
        wall_clock: Seconds of wall time.

    Raises:
        ValueError: If names repeat, a baseline is none of the cases, or nothing would be timed.
    """
    _check(cases, repeats)
    results: dict[str, Any] = {}
    for case in tqdm(cases, desc=f"{label} warm-up", leave=False, disable=None):
        for _ in range(max(warm_ups, 1)):
            results[case.name] = _finished(case.run())
    clocks = (cpu_clock, wall_clock)
    taken: dict[str, list[tuple[float, float]]] = {case.name: [] for case in cases}
    for turn in tqdm(range(repeats), desc=label, leave=False, disable=None):
        gc.collect()
        for case in cases if turn % 2 == 0 else reversed(cases):
            before = [clock() for clock in clocks]
            results[case.name] = _finished(case.run())
            after = [clock() for clock in clocks]
            taken[case.name].append((after[0] - before[0], after[1] - before[1]))
    return compare([_timing(case, taken[case.name], results[case.name]) for case in cases])


def compare(timings: Sequence[Timing]) -> list[Timing]:
    """The timings with the ratios of their medians to those of their baselines."""
    by_name = {timing.name: timing for timing in timings}

    def with_ratios(timing: Timing) -> Timing:
        if timing.baseline is None:
            return timing
        baseline = by_name[timing.baseline]
        return dataclasses.replace(
            timing,
            cpu_ratio=timing.cpu_median / baseline.cpu_median,
            wall_ratio=timing.wall_median / baseline.wall_median,
        )

    return [with_ratios(timing) for timing in timings]


def _check(cases: Sequence[Case], repeats: int) -> None:
    if repeats < 1:
        raise ValueError(f"Expected at least one repeat, but {repeats} came.")
    names = [case.name for case in cases]
    if len(set(names)) < len(names):
        raise ValueError(f"Expected cases with unique names, but these came: {names}.")
    for case in cases:
        if case.baseline is not None and case.baseline not in names:
            raise ValueError(
                f"Case {case.name!r} is to be compared with {case.baseline!r}, which is none of "
                f"{names}."
            )


def _finished(result: Any) -> Any:
    return keras.tree.map_structure(
        lambda part: None if part is None else keras.ops.convert_to_numpy(part), result
    )


def _timing(case: Case, taken: Sequence[tuple[float, float]], result: Any) -> Timing:
    cpu, wall = zip(*taken, strict=True)
    remark = "" if case.remark is None else case.remark(result)
    return Timing(case.name, cpu, wall, case.baseline, remark=remark)
