"""Box accuracy at every threshold: MaxBoxAcc and MaxBoxAccV2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from tfwsol.boxes import iou_inclusive, sweep
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.protocols import Protocol
from tfwsol.evaluation.score import Choice, Score, ScoreCurve, ScoreOptions, ScoreRow, intervals
from tfwsol.metrics import MaxBoxAcc

_EXAMPLE_THRESHOLDS = 20
_LEVEL = 50


class BoxSweepScore(Score):
    """The share of images with a good box at the best threshold, per level of overlap."""

    per_class_name: ClassVar[str] = "MaxBoxAcc@50"

    def __init__(self, method: str, protocol: Protocol, options: ScoreOptions) -> None:
        super().__init__(method, protocol, options)
        self._metric = MaxBoxAcc(
            protocol.iou_levels, protocol.multi_contour, options.step, **options.replicas
        )
        self.metrics = (self._metric,)
        self._level = protocol.iou_levels.index(_LEVEL)
        shape = (options.num_classes, len(self._metric.thresholds))
        self._class_hits = np.zeros(shape, np.int32)
        self._every = max(1, len(self._metric.thresholds) // _EXAMPLE_THRESHOLDS)

    def update(self, batch: MapBatch, maps: np.ndarray) -> np.ndarray:
        overlaps = self._metric.overlaps(maps, batch.boxes, batch.image_sizes)
        hits = self._metric.hits_of(overlaps)
        self._metric.count(hits)
        np.add.at(self._class_hits, batch.labels, hits[:, self._level])
        np.add.at(self.class_images, batch.labels, 1)
        return overlaps[:, :: self._every]

    def rows(self, chosen: Mapping[str, Any] | None = None) -> list[ScoreRow]:
        best = self._metric.best_thresholds()
        rows = self._rows(self._metric.result(), intervals(self._metric), best, oracle=True)
        if chosen is not None:
            given = {int(level): threshold for level, threshold in chosen.items()}
            found = intervals(self._metric, lambda metric: metric.result_at(given))
            rows += self._rows(self._metric.result_at(given), found, given, oracle=False)
        return rows

    def chosen(self) -> dict[str, Any]:
        return {f"{level:g}": value for level, value in self._metric.best_thresholds().items()}

    def curves(self) -> list[ScoreCurve]:
        levels = zip(self.protocol.iou_levels, self._metric.accuracies(), strict=True)
        x = self._metric.thresholds
        return [
            ScoreCurve(self.method, self.protocol.name, f"IoU {level} %", x, y)
            for level, y in levels
        ]

    def per_class(self) -> np.ndarray:
        place = np.abs(self._metric.thresholds - self.shown_threshold()).argmin()
        with np.errstate(invalid="ignore"):
            return 100.0 * self._class_hits[:, place] / self.class_images

    @property
    def example_thresholds(self) -> np.ndarray:
        return self._metric.thresholds[:: self._every]

    def shown_threshold(self) -> float:
        return self._metric.best_thresholds()[_LEVEL]

    def shown_box(self, batch: MapBatch, maps: np.ndarray) -> tuple[np.ndarray, float]:
        rule = self.protocol.rule
        found, _ = sweep(maps, [self.shown_threshold()], self.protocol.multi_contour, rule)
        overlaps = iou_inclusive(found[:, None], self.true_boxes(batch)).max(axis=1)
        return found[overlaps.argmax()], float(overlaps.max())

    def arrays(self) -> dict[str, np.ndarray]:
        return {**super().arrays(), "class_hits": self._class_hits}

    def _rows(
        self,
        results: Mapping[str, float],
        bounds: Mapping[str, Any],
        thresholds: Mapping[float, float],
        oracle: bool,
    ) -> list[ScoreRow]:
        choice: Choice = "best on these images" if oracle else "best on the validation split"
        version = "V2" if self.protocol.multi_contour else ""
        single = {f"MaxBoxAcc@{level:g}": (value,) for level, value in thresholds.items()}
        every = {**single, "MaxBoxAcc": tuple(thresholds.values())}
        # With one level its accuracy and the mean are the same number.
        names = single if len(single) == 1 else every
        main = list(names)[-1]
        return [
            self.row(
                self._metric,
                name.replace("MaxBoxAcc", f"MaxBoxAcc{version}"),
                results[name],
                bounds[name],
                names[name],
                choice,
                oracle and name == main,
            )
            for name in names
        ]
