"""How good the classifier is, and how faithful to it the maps are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfwsol.evaluation.explainer_maps import TEN_CROP
from tfwsol.evaluation.insertion_deletion import (
    InsertionDeletionSettings,
    Predict,
    insertion_deletion_curves,
)
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.protocols import VIEWS, Protocol
from tfwsol.evaluation.score import Score, ScoreCurve, ScoreOptions, ScoreRow, intervals
from tfwsol.metrics import ClassificationAccuracy, InsertionDeletion

CLASSIFIER = "classifier"


class ClassificationScore(Score):
    """Top-1 and Top-5 accuracy from the scores of one view, or of ten crops.

    Args:
        view: Whose scores.
        options: See `ScoreOptions`.
    """

    def __init__(self, view: str, options: ScoreOptions) -> None:
        words = "ten crops of 224 × 224 out of 256 × 256" if view == TEN_CROP else VIEWS[view]
        protocol = Protocol("classification", "classification", "wsoleval", "whole", words)
        super().__init__(CLASSIFIER, protocol, options)
        self._view = view
        self.metrics = (ClassificationAccuracy(**options.replicas),)

    def update(self, batch: MapBatch, maps: np.ndarray | None = None) -> np.ndarray:
        self.metrics[0].update_state(batch.labels, batch.scores[self._view])
        return np.zeros((len(batch), 0))

    def rows(self, chosen: Mapping[str, Any] | None = None) -> list[ScoreRow]:
        (metric,) = self.metrics
        bounds = intervals(metric)
        return [
            self.row(metric, name, value, bounds[name]) for name, value in metric.result().items()
        ]


class FaithfulnessScore(Score):
    """Insertion and deletion of the explained class in the view of the whole image.

    Args:
        method: Whose maps are scored.
        options: See `ScoreOptions`.
        predict: The model.
        settings: How pixels come and go.
    """

    def __init__(
        self,
        method: str,
        options: ScoreOptions,
        predict: Predict,
        settings: InsertionDeletionSettings,
    ) -> None:
        words = f"RISE, {settings.steps} steps, deletion to {settings.blank}, insertion into blur"
        protocol = Protocol("faithfulness", "faithfulness", "wsoleval", "whole", words)
        super().__init__(method, protocol, options)
        self._predict, self._settings = predict, settings
        self.metrics = (InsertionDeletion(settings.steps + 1, **options.replicas),)

    def update(self, batch: MapBatch, maps: np.ndarray) -> np.ndarray:
        curves = insertion_deletion_curves(
            self._predict, batch.pictures["whole"], maps, batch.class_ids, self._settings
        )
        # Rounding may lead a hair's breadth out of the range of probabilities.
        self.metrics[0].update_state(*(np.clip(curve, 0, 1) for curve in curves))
        return np.zeros((len(batch), 0))

    def rows(self, chosen: Mapping[str, Any] | None = None) -> list[ScoreRow]:
        (metric,) = self.metrics
        bounds = intervals(metric)
        return [
            self.row(metric, f"{name} AUC", value, bounds[name])
            for name, value in metric.result().items()
        ]

    def curves(self) -> list[ScoreCurve]:
        (metric,) = self.metrics
        return [
            ScoreCurve(self.method, "faithfulness", name, np.linspace(0, 1, len(y)), y)
            for name, y in metric.curves().items()
        ]
