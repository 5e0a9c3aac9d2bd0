"""Box accuracy at the best threshold of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfwsol.boxes.matching import best_overlap
from tfwsol.boxes.sweep import distinct_sweep
from tfwsol.boxes.truth import scale_truth
from tfwsol.metrics.counting_metric import CountingMetric
from tfwsol.metrics.score_maps import checked_maps, threshold_grid
from tfwsol.metrics.true_boxes import flat_boxes, sizes_of_boxes

RULE = "wsoleval"
SIDE = 224  # the protocol brings true boxes to this square, whatever the size of the map


@keras.saving.register_keras_serializable(package="tfwsol")
class MaxBoxAcc(CountingMetric):
    """The share of images with a good box, at the threshold that is best for all of them.

    For every threshold the boxes of a map are compared with the true boxes of its image; an
    image is right where the best pair overlaps by at least the level. The accuracy of a level is
    the highest over the thresholds, one for all images: each level has its own, and it is
    chosen on the images that are scored.

    * MaxBoxAcc: ``iou_thresholds=(50,), multi_contour=False``. Choe et al., "Evaluating Weakly
      Supervised Object Localization Methods Right", CVPR 2020.
    * MaxBoxAccV2: the defaults, and the mean of the levels. The journal extension of it.

    ```python
    metric = tfwsol.metrics.MaxBoxAcc()
    for maps, boxes, image_sizes in batches:
        metric.update_state(maps, boxes, image_sizes)
    print(metric.result())
    ```

    Args:
        iou_thresholds: The levels in percent.
        multi_contour: Whether all contours of a map, the rims of holes included, give boxes, or
            only the largest.
        step: Distance of the thresholds, in (0, 1]. A finer one finds slightly higher maxima:
            state it with the number.
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    def __init__(
        self,
        iou_thresholds: Sequence[float] = (30, 50, 70),
        multi_contour: bool = True,
        step: float = 0.001,
        name: str | None = None,
        bootstrap: int = 0,
        bootstrap_seed: int = 0,
    ):
        super().__init__(name, bootstrap, bootstrap_seed)
        self.iou_thresholds = tuple(np.asarray(iou_thresholds).tolist())
        if not self.iou_thresholds or not all(0 < level <= 100 for level in self.iou_thresholds):
            raise ValueError(f"IoU thresholds are percents in (0, 100]; got {iou_thresholds}.")
        self.multi_contour = bool(multi_contour)
        self.step = float(step)
        self.thresholds = threshold_grid(self.step)
        self._hits = self.count_variable("hits", (len(self.iou_thresholds), len(self.thresholds)))

    def update_state(self, maps: Any, boxes: Any, image_sizes: Any) -> None:
        """Counts the hits of a batch at every threshold.

        The same as ``count(hits_of(overlaps(maps, boxes, image_sizes)))``.

        Args:
            maps: float64, batch × 224 × 224, in [0, 1].
            boxes: The true boxes: a list of n × 4 per image (or a RaggedTensor
                batch × (n) × 4) of pixel corners in the original image.
            image_sizes: Batch × 2: height and width of the original images.

        Raises:
            TypeError: The maps are not float64.
            ValueError: A map has another size or is not in [0, 1], shapes do not fit each
                other, or a box is malformed.
        """
        self.count(self.hits_of(self.overlaps(maps, boxes, image_sizes)))

    def overlaps(self, maps: Any, boxes: Any, image_sizes: Any) -> np.ndarray:
        """The best overlap of any box with any true box, float64, images × thresholds.

        The arguments and errors are those of `update_state`; nothing is counted.
        """
        maps = checked_maps(maps)
        if maps.shape[1:] != (SIDE, SIDE):
            raise ValueError(
                f"Score maps are {SIDE} × {SIDE}, the size that true boxes are scaled to; "
                f"got {maps.shape[1]} × {maps.shape[2]}. Resize them before they are normalised."
            )
        true_boxes, counts = flat_boxes(boxes, len(maps))
        true_boxes = scale_truth(true_boxes, sizes_of_boxes(image_sizes, counts), RULE)
        if len(maps) == 0:
            return np.zeros((0, len(self.thresholds)))
        found, splits, segments = distinct_sweep(maps, self.thresholds, self.multi_contour, RULE)
        per_image = np.diff(splits).reshape(len(maps), -1).sum(axis=1)
        images = np.repeat(np.arange(len(maps)), per_image)
        overlap = best_overlap(found, images, true_boxes, counts)
        # Every level has a box: the rule gives one where no pixel is bright.
        return np.maximum.reduceat(overlap, splits[:-1])[segments]

    def hits_of(self, overlaps: np.ndarray) -> np.ndarray:
        """Whether each image is right: bool, images × levels × thresholds.

        Args:
            overlaps: Images × thresholds, as `overlaps` gives them.
        """
        levels = np.array(self.iou_thresholds)[:, None] / 100
        return overlaps[:, None] >= levels

    def result(self) -> dict[str, float]:
        """``MaxBoxAcc@d`` for every level d, and their mean ``MaxBoxAcc``, in percent.

        Raises:
            RuntimeError: No image was counted.
        """
        return self._by_level(self.accuracies().max(axis=1))

    def result_at(self, thresholds: dict[float, float]) -> dict[str, float]:
        """The accuracies at thresholds chosen elsewhere, for example on validation images.

        Args:
            thresholds: For every IoU level in percent one threshold of this metric's grid, as
                `best_thresholds` of a metric on other images gives them.

        Raises:
            ValueError: A level is missing, or a threshold is not on the grid.
            RuntimeError: No image was counted.
        """
        if set(thresholds) != set(self.iou_thresholds):
            raise ValueError(
                f"Expected one threshold for each of the levels {self.iou_thresholds}; "
                f"got {thresholds}."
            )
        wanted = np.array([thresholds[level] for level in self.iou_thresholds])
        places = np.abs(self.thresholds - wanted[:, None]).argmin(axis=1)
        if not np.allclose(self.thresholds[places], wanted, rtol=0, atol=1e-9):
            raise ValueError(
                f"Thresholds are multiples of the step {self.step} below 1; got {thresholds}."
            )
        return self._by_level(self.accuracies()[np.arange(len(places)), places])

    def accuracies(self) -> np.ndarray:
        """The accuracy in percent, float64, levels × thresholds: the curves behind the result.

        Raises:
            RuntimeError: No image was counted.
        """
        self._require_images()
        return 100.0 * self.hits / self.num_images

    def best_thresholds(self) -> dict[float, float]:
        """The threshold at which each level is best; of equal ones the lowest.

        Raises:
            RuntimeError: No image was counted.
        """
        best = self.thresholds[self.accuracies().argmax(axis=1)]
        return dict(zip(self.iou_thresholds, best.tolist(), strict=True))

    @property
    def hits(self) -> np.ndarray:
        """The number of images that are right, int64, levels × thresholds."""
        return keras.ops.convert_to_numpy(self._hits)

    def summary(self) -> dict[str, Any]:
        """The results with ``best_thresholds``, ``step``, ``images`` and ``protocol``."""
        contours = "all contours" if self.multi_contour else "largest contour"
        return {
            **self.result(),
            "best_thresholds": self.best_thresholds(),
            "step": self.step,
            "images": self.num_images,
            "protocol": f"wsolevaluation, {contours}, threshold chosen on these images",
        }

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "iou_thresholds": self.iou_thresholds,
            "multi_contour": self.multi_contour,
            "step": self.step,
        }

    def _by_level(self, accuracies: np.ndarray) -> dict[str, float]:
        names = (f"MaxBoxAcc@{level:g}" for level in self.iou_thresholds)
        named = dict(zip(names, accuracies.tolist(), strict=True))
        return {**named, "MaxBoxAcc": float(accuracies.mean())}
