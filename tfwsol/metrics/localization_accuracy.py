"""GT-known, Top-1 and Top-5 localization accuracy at one threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfwsol.boxes.matching import best_overlap
from tfwsol.boxes.rules import named
from tfwsol.boxes.truth import scale_truth
from tfwsol.metrics.class_ranks import class_ranks
from tfwsol.metrics.counting_metric import CountingMetric, as_array
from tfwsol.metrics.true_boxes import flat_boxes, predicted_boxes_of, sizes_of_boxes

PROTOCOLS = ("adl", "tscam", "bas", "stnet")
_FIRST_TRUE_BOX_ONLY = ("adl",)  # its lists hold one box per image


@keras.saving.register_keras_serializable(package="tfwsol")
class LocalizationAccuracy(CountingMetric):
    """The shares of images whose box, and box and class, are right, in percent.

    GT-known asks for an intersection over union of at least 0.5 with a true box; Top-k also for
    the true class among the k highest scores. The protocols differ in where true boxes lie in
    the view of 224 × 224 pixels, in how many of them count, and in whether Top-k accepts an
    overlap of exactly 0.5 (`tfwsol.boxes.Rule`):

    * ``"adl"``: Choe and Shim, CVPR 2019. Only the first true box of an image counts. It
      publishes no Top-5; here that follows Top-1. Its threshold is the best of a sweep.
    * ``"tscam"``: Gao et al., ICCV 2021; also SCM's. Its threshold is fixed.
    * ``"bas"``: Wu et al., CVPR 2022 and IJCV 2023. Its threshold is the best of a list.
    * ``"stnet"``: Biparva and Tsotsos, 2017. It publishes GT-known alone.

    Args:
        rule: ``"adl"``, ``"tscam"``, ``"bas"`` or ``"stnet"``.
        top_k: The k of the Top-k accuracies.
        iou_threshold: The overlap that makes a hit.
        name: Of the metric.
        thresholds: What the boxes were made at, when there are several per image. The result is
            that of the threshold with the highest GT-known + Top-1 on the images that are
            scored, of equal ones the first (BAS' choice).
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    def __init__(
        self,
        rule: str,
        top_k: tuple[int, ...] = (1, 5),
        iou_threshold: float = 0.5,
        name: str | None = None,
        thresholds: Sequence[float] | None = None,
        bootstrap: int = 0,
        bootstrap_seed: int = 0,
    ):
        super().__init__(name, bootstrap, bootstrap_seed)
        if rule not in PROTOCOLS:
            raise ValueError(f"The rule is one of {', '.join(PROTOCOLS)}; got {rule!r}.")
        self.rule = rule
        self.top_k = tuple(int(k) for k in top_k)
        if not all(k > 0 for k in self.top_k):
            raise ValueError(f"top_k holds positive whole numbers; got {top_k}.")
        if not 0 < iou_threshold <= 1:
            raise ValueError(f"The IoU threshold is in (0, 1]; got {iou_threshold}.")
        self.iou_threshold = float(iou_threshold)
        self.thresholds = None if thresholds is None else tuple(np.asarray(thresholds).tolist())
        if self.thresholds is not None and not self.thresholds:
            raise ValueError("There is at least one threshold, or None; got an empty list.")
        self._boxes_per_image = len(self.thresholds or (None,))
        shape = (1 + len(self.top_k), self._boxes_per_image)
        self._hits = self.count_variable("hits", shape)

    def update_state(
        self, predicted_boxes: Any, boxes: Any, image_sizes: Any, labels: Any, scores: Any
    ) -> None:
        """Counts the hits of a batch.

        The same as ``count(hits_of(overlaps(predicted_boxes, boxes, image_sizes), labels,
        scores))``.

        Args:
            predicted_boxes: Batch × 4, pixel corners in the view as the box rule of the same
                name gives them; batch × thresholds × 4 if the metric has thresholds. With
                ``"tscam"`` the box of the true class' own map: Top-k takes the map of each
                predicted class, and only the true class can hit.
            boxes: The true boxes: a list of n × 4 per image (or a RaggedTensor) of pixel corners
                in the original image.
            image_sizes: Batch × 2, height and width; or None when the true boxes already are in
                pixels of the view.
            labels: int, batch: the true classes.
            scores: Batch × classes: the classifier's, of any monotonic scale. Of equal scores
                the lower class counts as the higher ranked. Or batch × crops × classes: logits,
                of which the mean of the crops' softmax counts (ten-crop).

        Raises:
            ValueError: Shapes do not fit each other, a box is malformed, a score is NaN, or a
                label is no class.
        """
        overlaps = self.overlaps(predicted_boxes, boxes, image_sizes)
        self.count(self.hits_of(overlaps, labels, scores))

    def overlaps(self, predicted_boxes: Any, boxes: Any, image_sizes: Any) -> np.ndarray:
        """The best overlap of each box with a true one, float64, images × thresholds.

        The arguments and errors are those of `update_state`; nothing is counted.
        """
        predicted = self._one_below_another(as_array(predicted_boxes))
        images = len(predicted) // self._boxes_per_image
        true_boxes, counts = flat_boxes(boxes, images)
        if image_sizes is not None:
            true_boxes = scale_truth(true_boxes, sizes_of_boxes(image_sizes, counts), self.rule)
        if self.rule in _FIRST_TRUE_BOX_ONLY:
            true_boxes, counts = true_boxes[np.cumsum(counts) - counts], np.ones_like(counts)
        of_image = np.repeat(np.arange(images), self._boxes_per_image)
        touching = named(self.rule).touching_overlaps
        found = best_overlap(predicted, of_image, true_boxes, counts, touching)
        return found.reshape(images, self._boxes_per_image)

    def hits_of(self, overlaps: np.ndarray, labels: Any, scores: Any) -> np.ndarray:
        """What is right: bool, images × (GT-known, Top-k of each k) × thresholds.

        Args:
            overlaps: Images × thresholds, as `overlaps` gives them.
            labels: As of `update_state`.
            scores: As of `update_state`.
        """
        ranks = class_ranks(labels, scores)
        if len(ranks) != len(overlaps):
            raise ValueError(f"There are boxes of {len(overlaps)} images, labels of {len(ranks)}.")
        hit = (overlaps >= self.iou_threshold)[:, None]
        strict = named(self.rule).strict_top_k
        hit_too = (overlaps > self.iou_threshold)[:, None] if strict else hit
        ranked = ranks[:, None] < np.array(self.top_k, np.int64)
        return np.concatenate([hit, hit_too & ranked[:, :, None]], axis=1)

    def result(self) -> dict[str, float]:
        """``GT-known`` and ``Top-k`` for each k, in percent, at the best threshold.

        Raises:
            RuntimeError: No image was counted.
        """
        return self._by_name(self._best())

    def result_at(self, threshold: float) -> dict[str, float]:
        """The accuracies at a threshold chosen elsewhere, for example on validation images.

        Raises:
            ValueError: It is none of the metric's thresholds.
            RuntimeError: No image was counted.
        """
        if threshold not in (self.thresholds or ()):
            raise ValueError(f"Expected one of the thresholds {self.thresholds}; got {threshold}.")
        return self._by_name(self.thresholds.index(threshold))

    def best_threshold(self) -> float | None:
        """The threshold of the result; None if the metric was given none.

        Raises:
            RuntimeError: No image was counted.
        """
        return self.thresholds and self.thresholds[self._best()]

    def accuracies(self) -> np.ndarray:
        """Percents, float64, (GT-known, Top-k of each k) × thresholds.

        Raises:
            RuntimeError: No image was counted.
        """
        self._require_images()
        return 100.0 * keras.ops.convert_to_numpy(self._hits) / self.num_images

    def summary(self) -> dict[str, float | int | str]:
        """The results with ``iou_threshold``, ``images``, ``protocol`` and ``best_threshold``."""
        summary = {
            **self.result(),
            "iou_threshold": self.iou_threshold,
            "images": self.num_images,
            "protocol": self.rule,
        }
        if self.thresholds is None:
            return summary
        chosen = f"{self.rule}, threshold chosen on these images"
        return {**summary, "best_threshold": self.best_threshold(), "protocol": chosen}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rule": self.rule,
            "top_k": self.top_k,
            "iou_threshold": self.iou_threshold,
            "thresholds": self.thresholds,
        }

    def _best(self) -> int:
        self._require_images()
        wanted = [0, *(1 + place for place, k in enumerate(self.top_k) if k == 1)]
        return int(keras.ops.convert_to_numpy(self._hits)[wanted].sum(axis=0).argmax())

    def _by_name(self, place: int) -> dict[str, float]:
        names = ["GT-known", *(f"Top-{k}" for k in self.top_k)]
        return dict(zip(names, self.accuracies()[:, place].tolist(), strict=True))

    def _one_below_another(self, predicted: np.ndarray) -> np.ndarray:
        if self.thresholds is None:
            return predicted_boxes_of(predicted)
        if predicted.ndim != 3 or predicted.shape[1:] != (self._boxes_per_image, 4):
            raise ValueError(
                f"There is one predicted box for each of {self._boxes_per_image} thresholds, "
                f"batch × thresholds × 4; got the shape {predicted.shape}."
            )
        return predicted_boxes_of(predicted.reshape(-1, 4))
