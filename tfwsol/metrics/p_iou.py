"""Best pixel intersection over union."""

from __future__ import annotations

import keras
import numpy as np

from tfwsol.metrics.pixel_histogram import PixelHistogram


@keras.saving.register_keras_serializable(package="tfwsol")
class PIoU(PixelHistogram):
    """The best intersection over union of all pixels of a data set at one threshold, in percent.

    ``100 max_j tp_j / (tp_j + fp_j + fn_j)``: the threshold is chosen on the images that are
    scored, one for all of them.

    Source: the pixel protocol of Wu et al., "Background Activation Suppression for Weakly
    Supervised Object Localization and Semantic Segmentation", IJCV 2023.

    Args:
        step: Distance of the thresholds, in (0, 1]. State it with the number.
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    def result(self) -> float:
        """PIoU in percent.

        Raises:
            RuntimeError: No pixel of an object was counted.
        """
        return 100.0 * float(self._overlaps().max())

    def best_threshold(self) -> float:
        """The score from which on pixels count as object; of equally good ones the highest.

        Raises:
            RuntimeError: No pixel of an object was counted.
        """
        return float(self._edges[:-1][::-1][self._overlaps().argmax()])

    def summary(self) -> dict[str, float | int | str]:
        """``PIoU`` with ``best_threshold``, ``step``, ``images`` and ``protocol``."""
        return {
            "PIoU": self.result(),
            "best_threshold": self.best_threshold(),
            "step": self.step,
            "images": self.num_images,
            "protocol": self.protocol,
        }

    def _overlaps(self) -> np.ndarray:
        foreground, background = self.hits_and_false_alarms()
        return foreground / (background + foreground[-1])
