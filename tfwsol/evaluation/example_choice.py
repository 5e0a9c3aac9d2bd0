"""Which images to show: the best, the worst and a few drawn by chance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_NONE = -1


class ExampleChoice:
    """Keeps the best and the worst images at each of a few thresholds, while they pass by.

    The threshold that will be the best one is only known in the end; its neighbour among these
    decides what is shown. The memory does not depend on the number of images.

    Args:
        count: Images of each kind.
        thresholds: Those at which fits are told.
        num_images: How many images will pass.
        seed: Of the ones drawn by chance.
    """

    def __init__(self, count: int, thresholds: np.ndarray, num_images: int, seed: int = 0) -> None:
        self._count, self._thresholds = count, np.asarray(thresholds)
        shape = (len(self._thresholds), count)
        self._arrays = {
            "best": np.full(shape, -np.inf),
            "best_places": np.full(shape, _NONE),
            "worst": np.full(shape, np.inf),
            "worst_places": np.full(shape, _NONE),
        }
        generator = np.random.default_rng(seed)
        drawn = generator.choice(num_images, min(count, num_images), replace=False)
        self._by_chance = np.sort(drawn)

    def update(self, places: np.ndarray, fits: np.ndarray) -> None:
        """Takes note of images.

        Args:
            places: int, batch: where in the data they stand.
            fits: Batch × thresholds; more is better.
        """
        for name, sign in (("best", -1.0), ("worst", 1.0)):
            mine, theirs = self._arrays[name], self._arrays[f"{name}_places"]
            values = np.concatenate([mine, fits.T], axis=1)
            known = np.broadcast_to(places, (len(mine), len(places)))
            known = np.concatenate([theirs, known], axis=1)
            order = np.argsort(sign * values, axis=1, kind="stable")[:, : self._count]
            mine[...] = np.take_along_axis(values, order, axis=1)
            theirs[...] = np.take_along_axis(known, order, axis=1)

    def places(self, threshold: float) -> dict[str, list[int]]:
        """The places of the "best", "worst" and "by chance" images at about a threshold."""
        row = int(np.abs(self._thresholds - threshold).argmin())
        found = {
            name: [int(place) for place in self._arrays[f"{name}_places"][row] if place != _NONE]
            for name in ("best", "worst")
        }
        return {**found, "by chance": self._by_chance.tolist()}

    def state(self) -> dict[str, np.ndarray]:
        """Everything kept so far, by name."""
        return dict(self._arrays)

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state`."""
        for name, array in self._arrays.items():
            array[...] = state[name]
