"""The share of right images, class by class."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfwsol.metrics.class_ranks import checked_labels
from tfwsol.metrics.counting_metric import CountingMetric


class ClassShares(CountingMetric):
    """Base of the metrics that take the mean over the classes, so that rare ones weigh as much.

    Args:
        num_classes: The number of classes that labels may name.
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        bootstrap: int = 0,
        bootstrap_seed: int = 0,
    ):
        super().__init__(name, bootstrap, bootstrap_seed)
        if num_classes < 1:
            raise ValueError(f"There is at least one class; got {num_classes}.")
        self.num_classes = int(num_classes)
        self._shares = self.count_variable("hits_and_images", (self.num_classes, 2))

    def result(self) -> dict[str, float]:
        """The mean over the classes under the class' name, and ``… overall``, in percent.

        Raises:
            RuntimeError: No image was counted.
        """
        self._require_images()
        name = type(self).__name__
        hits, images = keras.ops.convert_to_numpy(self._shares).sum(axis=0)
        return {
            name: float(np.nanmean(self.per_class())),
            f"{name} overall": 100.0 * float(hits / images),
        }

    def per_class(self) -> np.ndarray:
        """The share of right images of each class in percent, float64; NaN without an image."""
        hits, images = keras.ops.convert_to_numpy(self._shares).T
        nan = np.full(self.num_classes, np.nan)
        return 100.0 * np.divide(hits, images, where=images > 0, out=nan)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_classes": self.num_classes}

    def _count_hits(self, hits: np.ndarray, labels: Any) -> None:
        labels = checked_labels(labels, self.num_classes)
        if labels.shape != hits.shape:
            raise ValueError(f"Labels hold one class per image, {len(hits)}; got {len(labels)}.")
        counts = np.zeros((len(hits), self.num_classes, 2), np.int64)
        counts[np.arange(len(hits)), labels] = np.stack([hits, np.ones_like(hits)], axis=1)
        self.count(counts)
