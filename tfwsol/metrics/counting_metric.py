"""The base of the metrics that count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import keras
import numpy as np

from tfwsol.metrics.poisson_weights import poisson_weights

Results = float | dict[str, float]


class NothingCounted(RuntimeError):
    """There is no image, or none of the kind that the result needs."""


class CountingMetric(keras.metrics.Metric):
    """A metric whose whole state is int64 counts, so that merging parts equals one pass exactly.

    Every result is a function of counts that add up over images. They are Keras variables, made
    by `count_variable` and raised by `count`; all arithmetic on them is NumPy's in int64 and
    float64, outside any TensorFlow graph: call the metric eagerly. A metric made in the scope of
    a `tf.distribute` strategy counts exactly, be it updated in a replica or outside.

    Args:
        name: Of the metric.
        bootstrap: How many replicas of the counts are kept for `interval`, each over images that
            are drawn with replacement. 0: none, at no cost. The memory does not depend on the
            number of images.
        bootstrap_seed: Of the draws. Metrics that are to be merged need seeds of their own.
    """

    result_name: str | None = None
    """What a result of one number is called; None: as the class."""

    def __init__(self, name: str | None = None, bootstrap: int = 0, bootstrap_seed: int = 0):
        super().__init__(name=name)
        if bootstrap < 0 or bootstrap_seed < 0:
            raise ValueError(
                "The number of bootstrap replicas and their seed are not negative; "
                f"got {bootstrap} and {bootstrap_seed}."
            )
        self.bootstrap = int(bootstrap)
        self.bootstrap_seed = int(bootstrap_seed)
        self._merged_seeds = frozenset()
        self._counts, self._replicas = [], []
        self._images = self.count_variable("images")

    def count_variable(self, name: str, shape: tuple[int, ...] = ()) -> keras.Variable:
        """A new variable of zeros, int64, that takes part in `reset_state`, `merge` and `count`."""

        def zeros(shape: tuple[int, ...], name: str) -> keras.Variable:
            return self.add_variable(shape=shape, initializer="zeros", dtype="int64", name=name)

        variable = zeros(shape, name)
        self._counts.append(variable)
        if self.bootstrap:
            self._replicas.append(zeros((self.bootstrap, *shape), f"{name}_replicas"))
        return variable

    def count(self, *per_image: Any) -> None:
        """Adds the counts of a batch, one array for each `count_variable` in order of creation.

        Args:
            per_image: Whole numbers or bools, batch × the shape of the variable. The number of
                images needs none; it is counted along.
        """
        arrays = [np.asarray(counts) for counts in per_image]
        images = len(arrays[0])
        if images == 0:
            return
        arrays.insert(0, np.ones(images, np.int64))
        if self.bootstrap:
            weights = self._weights(images)
            for variable, counts in zip(self._replicas, arrays, strict=True):
                # Whole numbers below 2^53 stay exact in float64.
                drawn = weights @ counts.reshape(images, -1).astype(np.float64)
                _raise(variable, drawn.astype(np.int64).reshape(variable.shape))
        for variable, counts in zip(self._counts, arrays, strict=True):
            _raise(variable, counts.sum(axis=0, dtype=np.int64))

    @property
    def num_images(self) -> int:
        """The number of images counted so far."""
        return int(keras.ops.convert_to_numpy(self._images))

    def interval(
        self, level: float = 95.0, of: Callable[[Self], Results] | None = None
    ) -> dict[str, tuple[float, float]]:
        """Where each result lies on `level` percent of the bootstrap replicas, in its own unit.

        Each replica is scored as a data set of its own, so a threshold that the result chooses is
        chosen anew on each. The bounds are percentiles: Efron and Tibshirani, "An Introduction
        to the Bootstrap", 1993, chapter 13. A replica that drew no image that a result needs is
        left out.

        Args:
            level: In percent, between 0 and 100.
            of: What is asked of this metric instead of `result`, for example
                ``lambda metric: metric.result_at(thresholds)``.

        Raises:
            ValueError: The level is no percentage.
            RuntimeError: The metric keeps no replicas, or has no result.
        """
        if not 0 < level < 100:
            raise ValueError(f"The level of an interval is between 0 and 100 %; got {level}.")
        if not self.bootstrap:
            raise RuntimeError(
                f"This {type(self).__name__} keeps no replicas to take an interval from; "
                "make it with bootstrap=1000, for example."
            )
        ask = of or type(self).result
        wanted = list(self._named(ask(self)))
        found = [[results[name] for name in wanted] for results in self._replica_results(ask)]
        if not found:
            raise NothingCounted("No replica drew an image that the result needs.")
        bounds = np.percentile(found, (50 - level / 2, 50 + level / 2), axis=0)
        return {name: tuple(pair) for name, pair in zip(wanted, bounds.T.tolist(), strict=True)}

    def merge(self, others: Iterable[CountingMetric]) -> Self:
        """This metric, after adding the counts of metrics that saw other images.

        Args:
            others: Metrics of the same class and the same settings. They stay as they are.

        Raises:
            TypeError: One of them is of another class.
            ValueError: One of them has other settings, so the counts do not belong together, or
                draws its bootstrap replicas from the seed of another.
        """
        others = [others] if isinstance(others, keras.metrics.Metric) else list(others)
        seeds = self._seeds()
        for other in others:
            self._require_equal_settings(other)
            if seeds & other._seeds():
                raise ValueError(
                    "Merged metrics have bootstrap seeds of their own, because equal draws would "
                    f"pass for independent ones; got bootstrap_seed={other.bootstrap_seed} twice."
                )
            seeds |= other._seeds()
        for other in others:
            for mine, theirs in zip(self.variables, other.variables, strict=True):
                _raise(mine, keras.ops.convert_to_numpy(theirs))
        self._merged_seeds = seeds
        return self

    def reset_state(self) -> None:
        super().reset_state()
        self._merged_seeds = frozenset()

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "bootstrap": self.bootstrap,
            "bootstrap_seed": self.bootstrap_seed,
        }

    def _require_images(self) -> None:
        if not self.num_images:
            raise NothingCounted("No image was counted; call update_state first.")

    def _replica_results(self, ask: Callable[[Self], Results]) -> Iterator[dict[str, float]]:
        replicas = [keras.ops.convert_to_numpy(variable) for variable in self._replicas]
        for counts in zip(*replicas, strict=True):
            mapping = zip(self._counts, map(keras.ops.convert_to_tensor, counts), strict=True)
            with keras.StatelessScope(state_mapping=list(mapping)):
                try:
                    results = self._named(ask(self))
                except NothingCounted:
                    continue
            yield results

    def _named(self, results: Results) -> dict[str, float]:
        if isinstance(results, dict):
            return results
        return {self.result_name or type(self).__name__: results}

    def _seeds(self) -> frozenset[int]:
        """The seeds that the replicas' draws so far came from."""
        own = {self.bootstrap_seed} if self.bootstrap and self.num_images else set()
        return self._merged_seeds | own

    def _weights(self, images: int) -> np.ndarray:
        # Under a strategy all replicas of a process count in its first part.
        part = getattr(self._images.value, "values", [self._images.value])[0]
        task = str(getattr(part, "device", "")).partition("task:")[2].partition("/")[0]
        first = int(keras.ops.convert_to_numpy(part))
        return poisson_weights(
            self.bootstrap, first, images, self.bootstrap_seed, stream=int(task or 0)
        )

    def _require_equal_settings(self, other: CountingMetric) -> None:
        if type(other) is not type(self):
            raise TypeError(
                f"{type(self).__name__} merges metrics of its own class; "
                f"got {type(other).__name__}."
            )
        apart = {"name": None, "bootstrap_seed": None}
        mine, theirs = ({**metric.get_config(), **apart} for metric in (self, other))
        if mine != theirs:
            raise ValueError(
                f"Merged metrics have the same settings; this one has {mine} and another {theirs}."
            )


def _raise(variable: keras.Variable, counts: Any) -> None:
    parts = getattr(variable.value, "values", None)
    if parts is None:
        variable.assign_add(counts)
    else:
        # Under a strategy the value is the sum of the replicas' parts. Written as a whole it
        # would be shared out among them, which rounds whole numbers.
        parts[0].assign_add(counts)


def as_array(values: Any) -> np.ndarray:
    """The values as a NumPy array; tensors of the Keras backend are fetched.

    Raises:
        TypeError: They have no values yet, as inside a tf.function.
    """
    try:
        if keras.ops.is_tensor(values):
            return keras.ops.convert_to_numpy(values)
        return np.asarray(values)
    except NotImplementedError as error:
        raise TypeError(
            "Metrics count tensors that have values, and inside a tf.function there are none yet; "
            "call update_state outside of it, on what it returns."
        ) from error
