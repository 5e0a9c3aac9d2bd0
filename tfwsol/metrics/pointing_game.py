"""The pointing game."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfwsol.boxes.peaks import peaks
from tfwsol.metrics.class_shares import ClassShares
from tfwsol.metrics.counting_metric import as_array
from tfwsol.metrics.true_boxes import flat_boxes


@keras.saving.register_keras_serializable(package="tfwsol")
class PointingGame(ClassShares):
    """The share of maps whose highest pixel lies on the object, in percent, as class mean.

    A map is right where its peak, at the resolution of the image, is at most `tolerance` pixels
    (straight distance between pixels) from a pixel of a true box or mask of its class. Of equal
    maxima the first in reading order is the peak. An image that shows several classes is given
    once for each, with a map of each.

    Source: Zhang et al., "Top-down Neural Attention by Excitation Backprop", ECCV 2016: hits /
    (hits + misses) of each class, and their mean.

    Args:
        tolerance: In pixels of the image.
        num_classes: The number of classes that labels may name.
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    def __init__(
        self,
        tolerance: float = 15,
        num_classes: int = 1000,
        name: str | None = None,
        bootstrap: int = 0,
        bootstrap_seed: int = 0,
    ):
        super().__init__(num_classes, name, bootstrap, bootstrap_seed)
        if not 0 <= tolerance < np.inf:
            raise ValueError(f"The tolerance is a number of pixels, at least 0; got {tolerance}.")
        self.tolerance = float(tolerance)

    def update_state(
        self, maps: Any, boxes: Any, image_sizes: Any, labels: Any, masks: Any = None
    ) -> None:
        """Counts the hits of a batch.

        Args:
            maps: Batch × height × width, resized to each image; or the peaks themselves,
                batch × 2, x and y in pixels of the image.
            boxes: The true boxes of the class: a list of n × 4 per image (or a RaggedTensor) of
                half-open pixel corners in the image. None with masks.
            image_sizes: Batch × 2: height and width of the images. None with peaks.
            labels: int, batch: the class that each map is of.
            masks: Instead of boxes: for each image the true pixels, bool (or 0 and others),
                height × width of the image.

        Raises:
            ValueError: Shapes do not fit each other, a box is malformed, a map is not finite, an
                image has no object, or a label is no class.
        """
        self._count_hits(self.hits_of(maps, boxes, image_sizes, masks), labels)

    def hits_of(self, maps: Any, boxes: Any, image_sizes: Any, masks: Any = None) -> np.ndarray:
        """Whether each map is right: bool, batch; nothing is counted.

        The arguments and errors are those of `update_state`.
        """
        points = self._points(as_array(maps), image_sizes)
        if (boxes is None) == (masks is None):
            raise ValueError("Expected either boxes or masks of the objects.")
        if masks is None:
            return _distances_to_boxes(points, boxes) <= self.tolerance
        masks = [as_array(mask) for mask in masks]
        if len(masks) != len(points):
            raise ValueError(f"Masks hold one entry per map, {len(points)}; got {len(masks)}.")
        pairs = zip(points, masks, strict=True)
        return np.array([_distance_to_mask(*pair) for pair in pairs]) <= self.tolerance

    def summary(self) -> dict[str, float | int | str]:
        """The results with ``tolerance``, ``images`` and ``protocol``."""
        return {
            **self.result(),
            "tolerance": self.tolerance,
            "images": self.num_images,
            "protocol": "pointing game, ties to the first pixel",
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "tolerance": self.tolerance}

    @staticmethod
    def _points(maps: np.ndarray, image_sizes: Any) -> np.ndarray:
        if maps.ndim == 2 and maps.shape[1] == 2:
            return maps.astype(np.float64)
        if image_sizes is None:
            raise ValueError(
                "Maps need image sizes; only peaks, batch × 2, go without. "
                f"Got the shape {maps.shape}."
            )
        return peaks(maps, as_array(image_sizes)).astype(np.float64)


def _distances_to_boxes(points: np.ndarray, boxes: Any) -> np.ndarray:
    """From each point to the nearest pixel of any box of its image, float64, batch."""
    flat, counts = flat_boxes(boxes, len(points))
    if not len(points):
        return np.zeros(0)
    point = np.repeat(points, counts, axis=0)
    last = np.maximum(flat[:, 2:] - 1, flat[:, :2])
    outside = np.maximum(np.maximum(flat[:, :2] - point, point - last), 0)
    return np.minimum.reduceat(np.hypot(*outside.T), np.cumsum(counts) - counts)


def _distance_to_mask(point: np.ndarray, mask: np.ndarray) -> float:
    if mask.ndim != 2 or not mask.any():
        raise ValueError(
            "A mask is height × width and shows the object in at least one pixel; "
            f"got the shape {mask.shape}. Leave images without it out."
        )
    y, x = np.nonzero(mask)
    return float(np.hypot(x - point[0], y - point[1]).min())
