"""Cases that sort the products of gated units, or of every unit, as the published program does."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tfwsol.evaluation.benchmarks.stnet_layers import GatedLayer
from tfwsol.evaluation.benchmarks.stnet_library import SortingLibrary
from tfwsol.evaluation.benchmarks.timing import Case

TOP_DOWN = "top-down pass"
SORT, SELECT = "stage 1: std::sort", "stage 1: selection"
_MOST_GATED = 300
"""Units of a layer whose products are kept for stage 1."""

_MOST_SORTED = 1e6
"""Products of a layer that are sorted where every unit is meant."""


class Stopwatch:
    """A function that notes the CPU seconds of its calls, for the remark of another case.

    Args:
        run: Takes nothing.
    """

    def __init__(self, run: Callable[[], Any]) -> None:
        self._run, self._seconds = run, []

    def __call__(self) -> Any:
        before = time.process_time()
        result = self._run()
        self.note(time.process_time() - before)
        return result

    def note(self, seconds: float) -> None:
        """Adds a call that somebody else has timed."""
        self._seconds.append(seconds)

    @property
    def median(self) -> float:
        """Of all calls but the first, which may have to trace."""
        return statistics.median(self._seconds[1:])


def sorting_case(
    layers: Sequence[GatedLayer], library: SortingLibrary, top_down: Stopwatch, seed: int
) -> Case:
    """Products, full sorts and thetas of all units of the layers of a pass, gated or not.

    That is less than the published program does: stages 2 and 3 are left out. Of each layer a
    sample is sorted, and the remark says what all units would take.

    Args:
        layers: What the pass meets.
        library: Does it.
        top_down: The whole pass of ours.
        seed: Of the sample.
    """
    random = np.random.default_rng(seed)
    parts = [_some(random, np.arange(one.units), _MOST_SORTED / one.products) for one in layers]
    whole = Stopwatch(lambda: None)

    def every() -> None:
        seconds = 0.0
        for layer, units in zip(layers, parts, strict=True):
            before = time.process_time()
            library.thetas(layer, units, by_sorting=True)
            seconds += (time.process_time() - before) * layer.units / len(units)
        whole.note(seconds)

    def said(_: Any) -> str:
        share = sum(map(len, parts)) / sum(layer.units for layer in layers)
        times = whole.median / top_down.median
        return (
            f"{100 * share:.2g}% of the units; all would take {whole.median:.3g} CPU s, "
            f"{times:.0f} times the {TOP_DOWN}"
        )

    return Case("every unit sorted, a sample", every, TOP_DOWN, said)


def stage_one(layers: Sequence[GatedLayer], library: SortingLibrary, seed: int) -> Iterator[Case]:
    """Thetas of the same products of gated units, by a sort and by the operation's selection.

    Both copy the products first, and the selection sums them up as it does.

    Args:
        layers: What the pass meets; of each up to 300 gated units count.
        library: Does it.
        seed: Of the choice among them.
    """
    random = np.random.default_rng(seed)
    made = [
        library.products(layer, _some(random, layer.gated, _MOST_GATED))
        for layer in layers
        if len(layer.gated)
    ]

    def thetas(by_sorting: bool) -> np.ndarray:
        return np.concatenate([library.thetas(one, one.gated, by_sorting) for one in made])

    units = sum(one.units for one in made)
    products = sum(one.units * one.products for one in made)
    about = f"{units} units of {products / max(units, 1):.0f} products on average"
    yield Case(SORT, lambda: thetas(True), None, lambda _: about)
    yield Case(SELECT, lambda: thetas(False), SORT)


def _some(random: np.random.Generator, places: np.ndarray, most: float) -> np.ndarray:
    """At most so many of them (at least one), in order."""
    count = min(len(places), max(1, int(most)))
    return np.sort(random.choice(places, count, replace=False))
