"""Pixel average precision and the best pixel overlap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.protocols import Protocol
from tfwsol.evaluation.score import Score, ScoreCurve, ScoreOptions, ScoreRow, intervals
from tfwsol.metrics import PIoU, PxAP
from tfwsol.metrics.pixel_histogram import IGNORED

_EXAMPLE_THRESHOLDS = np.arange(0, 1, 0.05)


class PixelScore(Score):
    """PxAP and PIoU; for classes and examples the mean overlap of single images."""

    per_class_name: ClassVar[str] = "mean pixel IoU"

    def __init__(self, method: str, protocol: Protocol, options: ScoreOptions) -> None:
        super().__init__(method, protocol, options)
        self._precision = PxAP(options.step, **options.replicas)
        self._overlap = PIoU(options.step, **options.replicas)
        self.metrics = (self._precision, self._overlap)
        self._class_overlaps = np.zeros((options.num_classes, len(_EXAMPLE_THRESHOLDS)))

    def update(self, batch: MapBatch, maps: np.ndarray) -> np.ndarray:
        self._precision.update_state(maps, batch.masks)
        self._overlap.update_state(maps, batch.masks)
        overlaps = _overlaps(maps, batch.masks)
        np.add.at(self._class_overlaps, batch.labels, overlaps)
        np.add.at(self.class_images, batch.labels, 1)
        return overlaps

    def rows(self, chosen: Mapping[str, Any] | None = None) -> list[ScoreRow]:
        precision = intervals(self._precision)["PxAP"]
        overlap = intervals(self._overlap)["PIoU"]
        best, choice = (self._overlap.best_threshold(),), "best on these images"
        return [
            self.row(self._precision, "PxAP", self._precision.result(), precision, main=True),
            self.row(self._overlap, "PIoU", self._overlap.result(), overlap, best, choice),
        ]

    def curves(self) -> list[ScoreCurve]:
        foreground, background = self._precision.hits_and_false_alarms()
        reached = foreground + background > 0
        recall = 100.0 * foreground[reached] / foreground[-1]
        precision = 100.0 * foreground[reached] / (foreground + background)[reached]
        name = "precision over recall"
        return [ScoreCurve(self.method, self.protocol.name, name, recall, precision)]

    def per_class(self) -> np.ndarray:
        place = np.abs(_EXAMPLE_THRESHOLDS - self.shown_threshold()).argmin()
        with np.errstate(invalid="ignore"):
            return 100.0 * self._class_overlaps[:, place] / self.class_images

    @property
    def example_thresholds(self) -> np.ndarray:
        return _EXAMPLE_THRESHOLDS

    def shown_threshold(self) -> float:
        return self._overlap.best_threshold()

    def shown_box(self, batch: MapBatch, maps: np.ndarray) -> tuple[None, float]:
        place = np.abs(_EXAMPLE_THRESHOLDS - self.shown_threshold()).argmin()
        return None, float(_overlaps(maps, batch.masks)[0, place])

    def arrays(self) -> dict[str, np.ndarray]:
        return {**super().arrays(), "class_overlaps": self._class_overlaps}


def _overlaps(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The pixel IoU of each image at each example threshold; 0 where there is nothing."""
    shape = (len(maps), -1)
    seen, is_object = (masks != IGNORED).reshape(shape), (masks == 1).reshape(shape)
    # How many example thresholds a pixel reaches; then counts from the highest downwards.
    reached = np.searchsorted(_EXAMPLE_THRESHOLDS, maps.reshape(shape), side="right")
    size = len(_EXAMPLE_THRESHOLDS) + 1
    rows = np.arange(len(maps))[:, None] * size + reached

    def at_least(which: np.ndarray) -> np.ndarray:
        counts = np.bincount(rows[which], minlength=len(maps) * size).reshape(-1, size)
        return counts[:, ::-1].cumsum(axis=1)[:, -2::-1]

    hits, found = at_least(is_object), at_least(seen)
    union = found + is_object.sum(axis=1, keepdims=True) - hits
    return np.divide(hits, union, out=np.zeros(hits.shape), where=union > 0)
