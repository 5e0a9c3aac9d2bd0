"""Scores of object and background pixels, counted in bins over a whole data set."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfwsol.metrics.counting_metric import CountingMetric, NothingCounted, as_array
from tfwsol.metrics.score_maps import checked_maps, threshold_grid

IGNORED = 255
_PART = np.zeros(256, np.intp)  # background, object, ignored
_PART[[1, IGNORED]] = 1, 2
_BLOCK = 1 << 15


class PixelHistogram(CountingMetric):
    """Base of the metrics that compare maps with masks pixel by pixel, all images pooled.

    The bins have the edges 0, step, 2 step, … below 1, and 1, 2, 3; they are closed on the
    left and open on the right as `numpy.histogram`'s, so that a score of 1 lies in [1, 2). Large
    objects weigh more than small ones, and images without an object still give background.

    Args:
        step: Width of the bins, in (0, 1].
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    protocol = "wsolevaluation, masks pooled over all images"

    def __init__(
        self,
        step: float = 0.001,
        name: str | None = None,
        bootstrap: int = 0,
        bootstrap_seed: int = 0,
    ):
        super().__init__(name, bootstrap, bootstrap_seed)
        self.step = float(step)
        self.thresholds = threshold_grid(self.step)
        self._edges = np.concatenate([self.thresholds, [1.0, 2.0, 3.0]])
        self._histogram = self.count_variable("histogram", (2, len(self._edges) - 1))

    def update_state(self, maps: Any, masks: Any) -> None:
        """Counts the pixels of a batch.

        Args:
            maps: float64, batch × height × width, in [0, 1].
            masks: uint8 or bool, the same shape: 1 object, 0 background, 255 ignored.

        Raises:
            TypeError: The maps are not float64, or the masks neither uint8 nor bool.
            ValueError: Shapes differ, a map is not in [0, 1], or a mask holds another value.
        """
        self.count(self.histograms(maps, masks))

    def histograms(self, maps: Any, masks: Any) -> np.ndarray:
        """The counts of each image per bin, int64, images × 2 × bins, as of `histogram`.

        The arguments and errors are those of `update_state`; nothing is counted.
        """
        maps = checked_maps(maps)
        masks = _checked_masks(masks, maps.shape)
        counts = np.zeros((len(maps), *self._histogram.shape), np.int64)
        for image, pair in enumerate(zip(maps, masks, strict=True)):
            counts[image] = self._count(*(part.reshape(-1) for part in pair))
        return counts

    @property
    def histogram(self) -> np.ndarray:
        """The counts per bin, int64, 2 × bins: pixels of the background, pixels of the object."""
        return keras.ops.convert_to_numpy(self._histogram)

    def hits_and_false_alarms(self) -> tuple[np.ndarray, np.ndarray]:
        """Object and background pixels from each bin upwards, int64, the highest bin first.

        Raises:
            RuntimeError: No pixel of an object was counted.
        """
        background, foreground = self.histogram[:, ::-1].cumsum(axis=1)
        if foreground[-1] == 0:
            raise NothingCounted(
                f"No pixel of an object was seen in {self.num_images} images, so there is no "
                "recall; check that the masks hold 1 where the object is."
            )
        return foreground, background

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "step": self.step}

    def _count(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The histogram of flat scores, taken in blocks that fit the processor's cache."""
        counts = np.zeros(self._histogram.shape, np.int64)
        for start in range(0, len(scores), _BLOCK):
            block = slice(start, start + _BLOCK)
            counts += _count_block(scores[block], labels[block], self._edges, self.step)
        return counts


def _count_block(
    scores: np.ndarray, labels: np.ndarray, edges: np.ndarray, step: float
) -> np.ndarray:
    bins = np.multiply(scores, 1 / step).astype(np.intp)
    np.minimum(bins, len(edges) - 3, out=bins)
    # The edges decide, not the division, which may be wrong by one bin.
    bins -= scores < edges.take(bins)
    bins += scores >= edges.take(bins + 1)
    size = len(edges) - 1
    # One count for all: the bins of the object and of ignored pixels follow the background's.
    bins += _PART.take(labels) * size
    return np.bincount(bins, minlength=3 * size).reshape(3, size)[:2]


def _checked_masks(masks: Any, shape: tuple[int, ...]) -> np.ndarray:
    masks = as_array(masks)
    if masks.dtype == np.bool_:
        masks = masks.view(np.uint8)
    if masks.dtype != np.uint8:
        raise TypeError(f"Masks are uint8 (0, 1 and 255 for ignored) or bool; got {masks.dtype}.")
    if masks.shape != shape:
        raise ValueError(
            f"Masks have the shape of the maps, {shape}; got {masks.shape}. "
            "Resize both to the protocol's size first."
        )
    strange = (masks > 1) & (masks != IGNORED)
    if strange.any():
        raise ValueError(
            f"Masks hold 0, 1 and 255 for ignored; got {masks[strange][0]}. "
            "Give the object as 1, for example (mask > 127)."
        )
    return masks
