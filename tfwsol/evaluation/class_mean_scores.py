"""CorLoc and the pointing game, means over classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tfwsol.boxes import sweep
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.protocols import Protocol
from tfwsol.evaluation.score import Score, ScoreOptions, ScoreRow, intervals
from tfwsol.metrics import CorLoc, PointingGame


class _ClassMeanScore(Score):
    def rows(self, chosen: Mapping[str, Any] | None = None) -> list[ScoreRow]:
        (metric,) = self.metrics
        bounds, thresholds = intervals(metric), self.protocol.thresholds
        choice = "given" if thresholds else ""
        return [
            self.row(metric, name, value, bounds[name], thresholds, choice, main=place == 0)
            for place, (name, value) in enumerate(metric.result().items())
        ]

    def per_class(self) -> np.ndarray:
        (metric,) = self.metrics
        return metric.per_class()


class CorLocScore(_ClassMeanScore):
    """The share of images whose one box is right, averaged over classes."""

    per_class_name: ClassVar[str] = "CorLoc"

    def __init__(self, method: str, protocol: Protocol, options: ScoreOptions) -> None:
        super().__init__(method, protocol, options)
        self.metrics = (
            CorLoc(num_classes=options.num_classes, rule=protocol.rule, **options.replicas),
        )

    def update(self, batch: MapBatch, maps: np.ndarray) -> np.ndarray:
        boxes, _ = sweep(maps, self.protocol.thresholds, False, self.protocol.rule)
        self.metrics[0].update_state(boxes, batch.boxes, batch.image_sizes, batch.labels)
        np.add.at(self.class_images, batch.labels, 1)
        return np.zeros((len(batch), 0))


class PointingScore(_ClassMeanScore):
    """The share of images whose highest pixel lies in a true box, averaged over classes."""

    per_class_name: ClassVar[str] = "PointingGame"

    def __init__(self, method: str, protocol: Protocol, options: ScoreOptions) -> None:
        super().__init__(method, protocol, options)
        self.metrics = (PointingGame(num_classes=options.num_classes, **options.replicas),)

    def update(self, batch: MapBatch, maps: np.ndarray) -> np.ndarray:
        self.metrics[0].update_state(maps, batch.boxes, batch.image_sizes, batch.labels)
        np.add.at(self.class_images, batch.labels, 1)
        return np.zeros((len(batch), 0))
