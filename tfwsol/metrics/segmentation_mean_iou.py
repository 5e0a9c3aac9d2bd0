"""Mean intersection over union of class maps, at every background threshold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np

from tfwsol.metrics.counting_metric import CountingMetric, NothingCounted, as_array

IGNORED = 255


@keras.saving.register_keras_serializable(package="tfwsol")
class SegmentationMeanIoU(CountingMetric):
    """How well class maps segment images, in percent, at the best background threshold.

    A pixel gets the class of its highest map, or background where no map exceeds the threshold.
    The confusion of all pixels of all images gives one intersection over union per class; the
    mean is over the background and the classes that occur in a mask or a prediction. The
    threshold is chosen on the images that are scored, one for all of them.

    Source: the seed evaluation of weakly supervised segmentation on PASCAL VOC (Ahn et al.,
    "Weakly Supervised Learning of Instance Segmentation with Inter-pixel Relations", CVPR 2019),
    as Wu et al., IJCV 2023, use it. There are 0.20, 0.21, … 0.44 tried.

    Args:
        num_classes: Classes beside the background.
        thresholds: Ascending numbers. None: 0.20, 0.21, … 0.44.
        name: Of the metric.
        bootstrap: Replicas for `interval`; 0: none.
        bootstrap_seed: Of their draws.
    """

    result_name = "mIoU"
    protocol = "VOC seeds, threshold chosen on these images"

    def __init__(
        self,
        num_classes: int = 20,
        thresholds: Sequence[float] | None = None,
        name: str | None = None,
        bootstrap: int = 0,
        bootstrap_seed: int = 0,
    ):
        super().__init__(name, bootstrap, bootstrap_seed)
        if num_classes < 1:
            raise ValueError(f"There is at least one class beside background; got {num_classes}.")
        self.num_classes = int(num_classes)
        self.thresholds = np.asarray(
            np.arange(20, 45) / 100 if thresholds is None else thresholds, np.float64
        )
        if not len(self.thresholds) or not (np.diff(self.thresholds) > 0).all():
            raise ValueError(f"Thresholds are ascending numbers; got {thresholds}.")
        # True class, class of the highest map, how many thresholds that map exceeds.
        shape = (self.num_classes + 1, self.num_classes, len(self.thresholds) + 1)
        self._pixels = self.count_variable("pixels", shape)

    def update_state(
        self, maps: Iterable[Any], class_ids: Iterable[Any], masks: Iterable[Any]
    ) -> None:
        """Counts the pixels of a batch of images, which may differ in size and classes.

        Args:
            maps: Per image floats K × height × width: the maps of the classes it is known to show.
                They are compared with the thresholds in their own precision; of equal maps
                the first wins, and the background wins against all of them.
            class_ids: Per image K ints from 0 to num_classes - 1.
            masks: Per image ints height × width: 0 background, class + 1, and 255 or a
                negative number for ignored pixels.

        Raises:
            ValueError: Shapes do not fit each other, a map holds NaN, or a class is unknown.
        """
        counts = [
            self._pixels_of(*map(as_array, image))
            for image in zip(maps, class_ids, masks, strict=True)
        ]
        self.count(np.array(counts, np.int64).reshape(-1, *self._pixels.shape))

    def result(self) -> float:
        """The mean intersection over union in percent at the best threshold.

        Raises:
            RuntimeError: No pixel was counted.
        """
        return float(self.mean_ious().max())

    def mean_ious(self) -> np.ndarray:
        """The mean over the classes in percent at each threshold, float64.

        Raises:
            RuntimeError: No pixel was counted.
        """
        return 100.0 * np.nanmean(self._class_ious(), axis=1)

    def class_ious(self) -> np.ndarray:
        """Percents at the best threshold, float64: background first, NaN for absent classes.

        Raises:
            RuntimeError: No pixel was counted.
        """
        return 100.0 * self._class_ious()[self.mean_ious().argmax()]

    def best_threshold(self) -> float:
        """The threshold of the result; of equally good ones the lowest.

        Raises:
            RuntimeError: No pixel was counted.
        """
        return float(self.thresholds[self.mean_ious().argmax()])

    def confusions(self) -> np.ndarray:
        """Pixels by threshold, true class and predicted class, int64; background is class 0."""
        pixels = keras.ops.convert_to_numpy(self._pixels)
        # A pixel that exceeds j thresholds is foreground at those and background at the rest.
        foreground = pixels[:, :, ::-1].cumsum(axis=2)[:, :, -2::-1]
        background = pixels.sum(axis=(1, 2))[:, None, None] - foreground.sum(axis=1, keepdims=True)
        return np.concatenate([background, foreground], axis=1).transpose(2, 0, 1)

    def summary(self) -> dict[str, float | int | str]:
        """``mIoU`` with ``best_threshold``, ``images`` and ``protocol``."""
        return {
            "mIoU": self.result(),
            "best_threshold": self.best_threshold(),
            "images": self.num_images,
            "protocol": self.protocol,
        }

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "thresholds": self.thresholds.tolist(),
        }

    def _class_ious(self) -> np.ndarray:
        """Fractions, thresholds × classes."""
        confusions = self.confusions()
        if not confusions.any():
            raise NothingCounted("No pixel was counted; call update_state first.")
        common = confusions.diagonal(axis1=1, axis2=2)
        union = confusions.sum(axis=1) + confusions.sum(axis=2) - common
        return np.divide(common, union, out=np.full(union.shape, np.nan), where=union > 0)

    def _pixels_of(self, maps: np.ndarray, class_ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        self._require_fitting(maps, class_ids, mask)
        seen = (mask >= 0) & (mask != IGNORED)
        scores, truth = maps[:, seen], mask[seen].astype(np.int64)
        if truth.size and truth.max() > self.num_classes:
            raise ValueError(
                f"Masks hold 0 to {self.num_classes}, and 255 for ignored; got {truth.max()}."
            )
        # side="left" counts the thresholds below a score: at an equal one background wins.
        exceeded = np.searchsorted(self.thresholds.astype(maps.dtype), scores.max(axis=0))
        places = (truth, class_ids[scores.argmax(axis=0)], exceeded)
        shape = self._pixels.shape
        flat = np.ravel_multi_index(places, shape)
        return np.bincount(flat, minlength=np.prod(shape)).reshape(shape)

    def _require_fitting(self, maps: np.ndarray, class_ids: np.ndarray, mask: np.ndarray) -> None:
        if maps.ndim != 3 or len(maps) == 0 or maps.shape[1:] != mask.shape:
            raise ValueError(
                "An image has maps K × height × width, K >= 1, and a mask height × width; "
                f"got {maps.shape} and {mask.shape}."
            )
        if not np.issubdtype(maps.dtype, np.floating) or np.isnan(maps).any():
            raise ValueError(f"Maps are floating-point numbers without NaN; got {maps.dtype}.")
        if (
            class_ids.shape != maps.shape[:1]
            or not np.isin(class_ids, np.arange(self.num_classes)).all()
        ):
            raise ValueError(
                f"Class ids are one of 0 to {self.num_classes - 1} for each of {len(maps)} maps; "
                f"got {class_ids.tolist()}."
            )
