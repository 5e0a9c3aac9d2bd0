"""How fast a class appears and vanishes when pixels come and go in the order of a map."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfwsol.metrics.counting_metric import CountingMetric, as_array

_ONE = 1 << 32


@keras.saving.register_keras_serializable(package="tfwsol")
class InsertionDeletion(CountingMetric):
    """The mean areas under the insertion and deletion curves, in [0, 1] as they are published.

    The curves are the probability of the class while the pixels of a map, its highest first,
    are put into a blurred image (insertion: high is good), or taken out of the image (deletion:
    low is good). The area is that of the trapezoids, over the share of the pixels.

    Probabilities are kept in whole 2^-32, so that merged parts equal one pass exactly; 2^31
    images fit.

    Source: Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box
    Models", BMVC 2018.

    Args:
        points: Probabilities per curve: one before the first step and one after each.
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    protocol = "RISE insertion and deletion, mean area under the curves"

    def __init__(
        self,
        points: int = 225,
        name: str | None = None,
        bootstrap: int = 0,
        bootstrap_seed: int = 0,
    ):
        super().__init__(name, bootstrap, bootstrap_seed)
        if points < 2:
            raise ValueError(f"A curve has at least two points; got {points}.")
        self.points = int(points)
        self._sums = self.count_variable("sums", (2, self.points))

    def update_state(self, insertion: Any, deletion: Any) -> None:
        """Counts the curves of a batch.

        Args:
            insertion: Batch × points, the probability of the class in [0, 1].
            deletion: The same.

        Raises:
            ValueError: A shape is another, or a value is no probability.
        """
        pair = [self._checked(as_array(curves)) for curves in (insertion, deletion)]
        if len(pair[0]) != len(pair[1]):
            raise ValueError(
                "Insertion and deletion are curves of the same images; "
                f"got {len(pair[0])} and {len(pair[1])}."
            )
        self.count(np.rint(np.stack(pair, axis=1) * _ONE).astype(np.int64))

    def result(self) -> dict[str, float]:
        """``insertion`` and ``deletion``: the mean area under the curves.

        Raises:
            RuntimeError: No image was counted.
        """
        return {
            name: float((curve[1:] + curve[:-1]).mean() / 2)
            for name, curve in self.curves().items()
        }

    def curves(self) -> dict[str, np.ndarray]:
        """The mean curves ``insertion`` and ``deletion``, float64, points.

        Raises:
            RuntimeError: No image was counted.
        """
        self._require_images()
        means = keras.ops.convert_to_numpy(self._sums) / (self.num_images * _ONE)
        return dict(zip(("insertion", "deletion"), means, strict=True))

    def summary(self) -> dict[str, float | int | str]:
        """The results with ``points``, ``images`` and ``protocol``."""
        return {
            **self.result(),
            "points": self.points,
            "images": self.num_images,
            "protocol": self.protocol,
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "points": self.points}

    def _checked(self, curves: np.ndarray) -> np.ndarray:
        if curves.ndim != 2 or curves.shape[1] != self.points:
            raise ValueError(
                f"Curves are batch × {self.points} probabilities; got the shape {curves.shape}. "
                "Make the metric with the number of points that every curve has."
            )
        curves = curves.astype(np.float64)
        if not ((curves >= 0) & (curves <= 1)).all():
            raise ValueError(
                "Curves hold probabilities in [0, 1] without NaN; "
                f"got values from {curves.min()} to {curves.max()}."
            )
        return curves
