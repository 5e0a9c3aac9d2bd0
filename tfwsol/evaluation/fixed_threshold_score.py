"""GT-known, Top-1 and Top-5 localization by the protocols with one threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tfwsol.boxes import sweep
from tfwsol.evaluation.explainer_maps import TEN_CROP
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.protocols import Protocol
from tfwsol.evaluation.score import Choice, Score, ScoreCurve, ScoreOptions, ScoreRow, intervals
from tfwsol.metrics import LocalizationAccuracy

_TOP_K = (1, 5)
_PUBLISHED_TOP_K = {"adl": (1,)}
_WITH_TEN_CROPS = ("bas",)


class FixedThresholdScore(Score):
    """The shares of images whose box, and box and class, are right; Top-k only with scores."""

    per_class_name: ClassVar[str] = "GT-known"

    def __init__(self, method: str, protocol: Protocol, options: ScoreOptions) -> None:
        super().__init__(method, protocol, options)
        top_k = _PUBLISHED_TOP_K.get(protocol.name, _TOP_K) if options.has_scores else ()
        if options.explain == "predicted":
            # The one map is of the first prediction.
            top_k = top_k[:1]
        self._metric = LocalizationAccuracy(
            protocol.rule, top_k, thresholds=protocol.thresholds, **options.replicas
        )
        self.metrics = (self._metric,)
        self._class_hits = np.zeros((options.num_classes, len(protocol.thresholds)), np.int32)

    def update(self, batch: MapBatch, maps: np.ndarray) -> np.ndarray:
        thresholds = self.protocol.thresholds
        boxes, _ = sweep(maps, thresholds, False, self.protocol.rule)
        boxes = boxes.reshape(len(batch), len(thresholds), 4)
        overlaps = self._metric.overlaps(boxes, batch.boxes, batch.image_sizes)
        hits = self._metric.hits_of(overlaps, batch.labels, self._scores(batch))
        self._metric.count(hits)
        np.add.at(self._class_hits, batch.labels, hits[:, 0])
        np.add.at(self.class_images, batch.labels, 1)
        return overlaps

    def rows(self, chosen: Mapping[str, Any] | None = None) -> list[ScoreRow]:
        several = len(self.protocol.thresholds) > 1
        rows = self._rows(
            self._metric.result(),
            intervals(self._metric),
            self._metric.best_threshold(),
            "best on these images" if several else "given",
        )
        if chosen is not None and several:
            given = chosen["threshold"]
            found = intervals(self._metric, lambda metric: metric.result_at(given))
            results = self._metric.result_at(given)
            rows += self._rows(results, found, given, "best on the validation split")
        return rows

    def chosen(self) -> dict[str, Any]:
        return {"threshold": self._metric.best_threshold()}

    def curves(self) -> list[ScoreCurve]:
        if len(self.protocol.thresholds) == 1:
            return []
        x = np.array(self.protocol.thresholds)
        return [
            ScoreCurve(self.method, self.protocol.name, self._called(name), x, y)
            for name, y in zip(self._metric.result(), self._metric.accuracies(), strict=True)
        ]

    def per_class(self) -> np.ndarray:
        place = self.protocol.thresholds.index(self.shown_threshold())
        with np.errstate(invalid="ignore"):
            return 100.0 * self._class_hits[:, place] / self.class_images

    @property
    def example_thresholds(self) -> np.ndarray:
        return np.array(self.protocol.thresholds)

    def shown_threshold(self) -> float:
        return self._metric.best_threshold()

    def shown_box(self, batch: MapBatch, maps: np.ndarray) -> tuple[np.ndarray, float]:
        found, _ = sweep(maps, [self.shown_threshold()], False, self.protocol.rule)
        # As often as there are thresholds, since that is what the metric compares.
        repeated = np.repeat(found[None], len(self.protocol.thresholds), axis=1)
        overlaps = self._metric.overlaps(repeated, batch.boxes, batch.image_sizes)
        return found[0], float(overlaps[0, 0])

    def arrays(self) -> dict[str, np.ndarray]:
        return {**super().arrays(), "class_hits": self._class_hits}

    def _scores(self, batch: MapBatch) -> np.ndarray:
        if not self.options.has_scores:
            return np.zeros((len(batch), self.options.num_classes), np.float32)
        ten = self.protocol.name in _WITH_TEN_CROPS and TEN_CROP in batch.scores
        return batch.scores[TEN_CROP if ten else self.protocol.view]

    def _rows(
        self, results: Mapping[str, float], bounds: Any, threshold: float, choice: Choice
    ) -> list[ScoreRow]:
        main = choice != "best on the validation split"
        return [
            self.row(
                self._metric,
                self._called(name),
                value,
                bounds[name],
                (threshold,),
                choice,
                main and name == "GT-known",
            )
            for name, value in results.items()
        ]

    def _called(self, name: str) -> str:
        if name != "GT-known":
            return f"{name} Loc"
        return name if self.options.explain == "label" else "Loc of the predicted class"
