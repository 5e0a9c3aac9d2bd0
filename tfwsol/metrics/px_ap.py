"""Pixel average precision."""

from __future__ import annotations

import keras
import numpy as np

from tfwsol.metrics.pixel_histogram import PixelHistogram


@keras.saving.register_keras_serializable(package="tfwsol")
class PxAP(PixelHistogram):
    """The area under the pixel precision-recall curve of a data set, in percent.

    ``100 Σ_j precision_j (recall_j - recall_{j-1})`` over the thresholds from high to low,
    without interpolation. A constant map scores the objects' share of the pixels.

    Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right", CVPR 2020.

    ```python
    metric = tfwsol.metrics.PxAP()
    for maps, masks in batches:
        metric.update_state(maps, masks)
    print(metric.result())
    ```

    Args:
        step: Distance of the thresholds, in (0, 1]. State it with the number.
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    def result(self) -> float:
        """PxAP in percent.

        Raises:
            RuntimeError: No pixel of an object was counted.
        """
        foreground, background = self.hits_and_false_alarms()
        reached = foreground + background
        occupied = reached > 0
        precision = np.divide(foreground, reached, where=occupied, out=np.zeros(len(reached)))
        recall = foreground / foreground[-1]
        # The empty highest bin only stands for recall 0.
        areas = (precision[1:] * np.diff(recall))[occupied[1:]]
        return 100.0 * float(areas.sum())

    def summary(self) -> dict[str, float | int | str]:
        """The result with what it rests on: ``PxAP``, ``step``, ``images`` and ``protocol``."""
        return {
            "PxAP": self.result(),
            "step": self.step,
            "images": self.num_images,
            "protocol": self.protocol,
        }
