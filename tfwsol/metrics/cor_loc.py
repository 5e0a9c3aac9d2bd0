"""Correct localization."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfwsol.boxes.matching import best_overlap
from tfwsol.boxes.rules import named
from tfwsol.boxes.truth import scale_truth
from tfwsol.metrics.class_shares import ClassShares
from tfwsol.metrics.true_boxes import flat_boxes, predicted_boxes_of, sizes_of_boxes


@keras.saving.register_keras_serializable(package="tfwsol")
class CorLoc(ClassShares):
    """The share of images whose box meets a true one, in percent, as the mean over classes.

    An image is right where the intersection over union of its box with any true box of its
    class reaches the threshold. An image that shows several classes is given once for each.

    Source: Deselaers, Alexe and Ferrari, "Weakly Supervised Localization and Learning with
    Generic Knowledge", IJCV 2012.

    Args:
        iou_threshold: The overlap that makes a hit.
        num_classes: The number of classes that labels may name.
        rule: The box rule that says where true boxes lie in the view of the predicted ones,
            where `update_state` is given image sizes, and whether touching boxes overlap.
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    def __init__(
        self,
        iou_threshold: float = 0.5,
        num_classes: int = 1000,
        rule: str = "wsoleval",
        name: str | None = None,
        bootstrap: int = 0,
        bootstrap_seed: int = 0,
    ):
        super().__init__(num_classes, name, bootstrap, bootstrap_seed)
        if not 0 < iou_threshold <= 1:
            raise ValueError(f"The IoU threshold is in (0, 1]; got {iou_threshold}.")
        self.iou_threshold = float(iou_threshold)
        self.rule = named(rule).name

    def update_state(self, predicted_boxes: Any, boxes: Any, image_sizes: Any, labels: Any) -> None:
        """Counts the hits of a batch.

        Args:
            predicted_boxes: Batch × 4, pixel corners.
            boxes: The true boxes of the class: a list of n × 4 per image (or a RaggedTensor) of
                pixel corners in the original image.
            image_sizes: Batch × 2, height and width: predicted boxes are in the rule's view. None:
                they are in the same pixels as the true ones.
            labels: int, batch: the class that was looked for.

        Raises:
            ValueError: Shapes do not fit each other, a box is malformed, or a label is no class.
        """
        self._count_hits(
            self.overlaps(predicted_boxes, boxes, image_sizes) >= self.iou_threshold, labels
        )

    def overlaps(self, predicted_boxes: Any, boxes: Any, image_sizes: Any) -> np.ndarray:
        """The best overlap of each box with a true one, float64, batch; nothing is counted.

        The arguments and errors are those of `update_state`.
        """
        predicted = predicted_boxes_of(predicted_boxes)
        true_boxes, counts = flat_boxes(boxes, len(predicted))
        if image_sizes is not None:
            true_boxes = scale_truth(true_boxes, sizes_of_boxes(image_sizes, counts), self.rule)
        touching = named(self.rule).touching_overlaps
        return best_overlap(predicted, np.arange(len(predicted)), true_boxes, counts, touching)

    def summary(self) -> dict[str, float | int | str]:
        """The results with ``iou_threshold``, ``images`` and ``protocol``."""
        return {
            **self.result(),
            "iou_threshold": self.iou_threshold,
            "images": self.num_images,
            "protocol": f"CorLoc, boxes by {self.rule}",
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "iou_threshold": self.iou_threshold, "rule": self.rule}
