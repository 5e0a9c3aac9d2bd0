"""How often the true class is among the highest scores."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfwsol.metrics.class_ranks import class_ranks
from tfwsol.metrics.counting_metric import CountingMetric


@keras.saving.register_keras_serializable(package="tfwsol")
class ClassificationAccuracy(CountingMetric):
    """The shares of images whose true class is among the k highest scores, in percent.

    Ties are those of `LocalizationAccuracy`: of equal scores the lower class counts as the
    higher ranked.

    Args:
        top_k: The k of the accuracies.
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    protocol = "share of the images, ties to the lower class"

    def __init__(
        self,
        top_k: tuple[int, ...] = (1, 5),
        name: str | None = None,
        bootstrap: int = 0,
        bootstrap_seed: int = 0,
    ):
        super().__init__(name, bootstrap, bootstrap_seed)
        self.top_k = tuple(int(k) for k in top_k)
        if not self.top_k or not all(k > 0 for k in self.top_k):
            raise ValueError(f"top_k holds positive whole numbers; got {top_k}.")
        self._hits = self.count_variable("hits", (len(self.top_k),))

    def update_state(self, labels: Any, scores: Any) -> None:
        """Counts the hits of a batch.

        Args:
            labels: int, batch: the true classes.
            scores: Batch × classes, of any monotonic scale; or batch × crops × classes: logits,
                of which the mean of the crops' softmax counts (ten-crop).

        Raises:
            ValueError: Shapes do not fit each other, a score is NaN, or a label is no class.
        """
        self.count(self.hits_of(labels, scores))

    def hits_of(self, labels: Any, scores: Any) -> np.ndarray:
        """Whether each image is right: bool, images × k; nothing is counted.

        The arguments and errors are those of `update_state`.
        """
        return class_ranks(labels, scores)[:, None] < np.array(self.top_k)

    def result(self) -> dict[str, float]:
        """``Top-k Cls`` for each k, in percent.

        Raises:
            RuntimeError: No image was counted.
        """
        self._require_images()
        shares = 100.0 * keras.ops.convert_to_numpy(self._hits) / self.num_images
        return {f"Top-{k} Cls": share for k, share in zip(self.top_k, shares.tolist(), strict=True)}

    def summary(self) -> dict[str, float | int | str]:
        """The results with ``images`` and ``protocol``."""
        return {**self.result(), "images": self.num_images, "protocol": self.protocol}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "top_k": self.top_k}
