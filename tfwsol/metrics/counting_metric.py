"""The base of the metrics that count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import keras
import numpy as np


class CountingMetric(keras.metrics.Metric):
    """A metric whose whole state is int64 counts, so that merging parts equals one pass exactly.

    The counts are Keras variables, made by `count_variable` and raised by `add_counts`; all
    arithmetic on them is NumPy's in int64 and float64, outside any TensorFlow graph: call the
    metric eagerly. A metric made in the scope of a `tf.distribute` strategy counts exactly, be
    it updated in a replica or outside.
    """

    def __init__(self, name: str | None = None):
        super().__init__(name=name)

    def count_variable(self, name: str, shape: tuple[int, ...] = ()) -> keras.Variable:
        """A new variable of zeros, int64, that takes part in `reset_state` and `merge`."""
        return self.add_variable(shape=shape, initializer="zeros", dtype="int64", name=name)

    def add_counts(self, variable: keras.Variable, counts: Any) -> None:
        """Raises one of the `count_variable`s by int64 counts of its shape."""
        parts = getattr(variable.value, "values", None)
        if parts is None:
            variable.assign_add(counts)
        else:
            # Under a strategy the value is the sum of the replicas' parts. Written as a whole it
            # would be shared out among them, which rounds whole numbers.
            parts[0].assign_add(counts)

    def merge(self, others: Iterable[CountingMetric]) -> Self:
        """This metric, after adding the counts of metrics that saw other images.

        Args:
            others: Metrics of the same class and the same settings. They stay as they are.

        Raises:
            TypeError: One of them is of another class.
            ValueError: One of them has other settings, so the counts do not belong together.
        """
        others = [others] if isinstance(others, keras.metrics.Metric) else list(others)
        for other in others:
            self._require_equal_settings(other)
        for other in others:
            for mine, theirs in zip(self.variables, other.variables, strict=True):
                self.add_counts(mine, keras.ops.convert_to_numpy(theirs))
        return self

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    def _require_equal_settings(self, other: CountingMetric) -> None:
        if type(other) is not type(self):
            raise TypeError(
                f"{type(self).__name__} merges metrics of its own class; "
                f"got {type(other).__name__}."
            )
        mine, theirs = ({**metric.get_config(), "name": None} for metric in (self, other))
        if mine != theirs:
            raise ValueError(
                f"Merged metrics have the same settings; this one has {mine} and another {theirs}."
            )


def as_array(values: Any) -> np.ndarray:
    """The values as a NumPy array; tensors of the Keras backend are fetched."""
    if keras.ops.is_tensor(values):
        return keras.ops.convert_to_numpy(values)
    return np.asarray(values)
