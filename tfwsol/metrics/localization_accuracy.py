"""GT-known, Top-1 and Top-5 localization accuracy at one fixed threshold."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfwsol.boxes.matching import best_overlap
from tfwsol.boxes.rules import named
from tfwsol.boxes.truth import scale_truth
from tfwsol.metrics.counting_metric import CountingMetric, as_array
from tfwsol.metrics.true_boxes import flat_boxes, sizes_of_boxes

PROTOCOLS = ("adl", "tscam", "bas")
_FIRST_TRUE_BOX_ONLY = ("adl",)  # its lists hold one box per image


@keras.saving.register_keras_serializable(package="tfwsol")
class LocalizationAccuracy(CountingMetric):
    """The shares of images whose box, and box and class, are right, in percent.

    GT-known asks for an intersection over union of at least 0.5 with a true box; Top-k also for
    the true class among the k highest scores. The protocols differ in where true boxes lie in
    the view of 224 × 224 pixels, in how many of them count, and in whether Top-k accepts an
    overlap of exactly 0.5 (`tfwsol.boxes.Rule`):

    * ``"adl"``: Choe and Shim, CVPR 2019. Only the first true box of an image counts. It
      publishes no Top-5; here that follows Top-1.
    * ``"tscam"``: Gao et al., ICCV 2021; also SCM's.
    * ``"bas"``: Wu et al., CVPR 2022 and IJCV 2023.

    Args:
        rule: ``"adl"``, ``"tscam"`` or ``"bas"``.
        top_k: The k of the Top-k accuracies.
        iou_threshold: The overlap that makes a hit.
        name: Of the metric.
    """

    def __init__(
        self,
        rule: str,
        top_k: tuple[int, ...] = (1, 5),
        iou_threshold: float = 0.5,
        name: str | None = None,
    ):
        super().__init__(name=name)
        if rule not in PROTOCOLS:
            raise ValueError(f"The rule is one of {', '.join(PROTOCOLS)}; got {rule!r}.")
        self.rule = rule
        self.top_k = tuple(int(k) for k in top_k)
        if not all(k > 0 for k in self.top_k):
            raise ValueError(f"top_k holds positive whole numbers; got {top_k}.")
        if not 0 < iou_threshold <= 1:
            raise ValueError(f"The IoU threshold is in (0, 1]; got {iou_threshold}.")
        self.iou_threshold = float(iou_threshold)
        self._hits = self.count_variable("hits", (1 + len(self.top_k),))
        self._images = self.count_variable("images")

    def update_state(
        self, predicted_boxes: Any, boxes: Any, image_sizes: Any, labels: Any, scores: Any
    ) -> None:
        """Counts the hits of a batch.

        Args:
            predicted_boxes: Batch × 4, pixel corners in the view as the box rule of the same
                name gives them. With ``"tscam"`` the box of the true class' own map: Top-k
                takes the map of each predicted class, and only the true class can hit.
            boxes: The true boxes: a list of n × 4 per image (or a RaggedTensor) of pixel corners
                in the original image.
            image_sizes: Batch × 2, height and width; or None when the true boxes already are in
                pixels of the view.
            labels: int, batch: the true classes.
            scores: Batch × classes: the classifier's, of any monotonic scale. Of equal scores
                the lower class counts as the higher ranked.

        Raises:
            ValueError: Shapes do not fit each other, a box is malformed, a score is NaN, or a
                label is no class.
        """
        predicted, scores = as_array(predicted_boxes), as_array(scores)
        if predicted.ndim != 2 or predicted.shape[1] != 4 or not np.isfinite(predicted).all():
            raise ValueError(
                "There is one predicted box of finite corners per image, batch × 4; got the shape "
                f"{predicted.shape}."
            )
        ranks = _ranks_of_labels(scores, as_array(labels), len(predicted))
        true_boxes, counts = self._true_boxes(boxes, image_sizes, len(predicted))
        overlap = best_overlap(predicted, np.arange(len(predicted)), true_boxes, counts)
        hit = overlap >= self.iou_threshold
        hit_too = overlap > self.iou_threshold if named(self.rule).strict_top_k else hit
        self.add_counts(
            self._hits, [hit.sum(), *((hit_too & (ranks < k)).sum() for k in self.top_k)]
        )
        self.add_counts(self._images, len(predicted))

    def result(self) -> dict[str, float]:
        """``GT-known`` and ``Top-k`` for each k, in percent.

        Raises:
            RuntimeError: No image was counted.
        """
        if not self.num_images:
            raise RuntimeError("No image was counted; call update_state first.")
        shares = 100.0 * keras.ops.convert_to_numpy(self._hits) / self.num_images
        names = ["GT-known", *(f"Top-{k}" for k in self.top_k)]
        return dict(zip(names, shares.tolist(), strict=True))

    @property
    def num_images(self) -> int:
        """The number of images counted so far."""
        return int(keras.ops.convert_to_numpy(self._images))

    def summary(self) -> dict[str, float | int | str]:
        """The results with ``iou_threshold``, ``images`` and ``protocol``."""
        return {
            **self.result(),
            "iou_threshold": self.iou_threshold,
            "images": self.num_images,
            "protocol": self.rule,
        }

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rule": self.rule,
            "top_k": self.top_k,
            "iou_threshold": self.iou_threshold,
        }

    def _true_boxes(
        self, boxes: Any, image_sizes: Any, images: int
    ) -> tuple[np.ndarray, np.ndarray]:
        flat, counts = flat_boxes(boxes, images)
        if image_sizes is not None:
            flat = scale_truth(flat, sizes_of_boxes(image_sizes, counts), self.rule)
        if self.rule in _FIRST_TRUE_BOX_ONLY:
            return flat[np.cumsum(counts) - counts], np.ones_like(counts)
        return flat, counts


def _ranks_of_labels(scores: np.ndarray, labels: np.ndarray, images: int) -> np.ndarray:
    """How many classes stand before the true one, int, batch."""
    if scores.ndim != 2 or len(scores) != images or labels.shape != (images,):
        raise ValueError(
            f"Scores are batch × classes and labels batch for {images} images; "
            f"got {scores.shape} and {labels.shape}."
        )
    classes = scores.shape[1]
    if np.isnan(scores).any():
        raise ValueError("Scores hold NaN, which has no rank; expected numbers.")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"Labels are whole numbers, one class per image; got {labels.dtype}.")
    if not ((labels >= 0) & (labels < classes)).all():
        raise ValueError(
            f"Labels are classes from 0 to {classes - 1}; got {labels.min()} to {labels.max()}."
        )
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    before = (scores > own) | ((scores == own) & (np.arange(classes) < labels[:, None]))
    return before.sum(axis=1)
