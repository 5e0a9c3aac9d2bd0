"""All scores of an evaluation while the images pass by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from tfwsol.boxes import score_maps
from tfwsol.evaluation.box_sweep_score import BoxSweepScore
from tfwsol.evaluation.class_mean_scores import CorLocScore, PointingScore
from tfwsol.evaluation.classifier_scores import ClassificationScore, FaithfulnessScore
from tfwsol.evaluation.example_choice import ExampleChoice
from tfwsol.evaluation.fixed_threshold_score import FixedThresholdScore
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.pixel_score import PixelScore
from tfwsol.evaluation.protocols import Protocol
from tfwsol.evaluation.score import Score, ScoreOptions
from tfwsol.metrics.pixel_histogram import IGNORED

_KINDS: dict[str, type[Score]] = {
    "sweep": BoxSweepScore,
    "fixed": FixedThresholdScore,
    "pixels": PixelScore,
    "corloc": CorLocScore,
    "pointing": PointingScore,
}
_LEFT_OUT, _BLANK = "left_out", "blank/"
_TRUTHLESS = {"boxes": "it has no true box", "masks": "it has no true mask"}


class RunningScores:
    """One score per method and protocol, and the classifier's.

    Args:
        methods: Whose maps come.
        protocols: Those that the data allows.
        options: See `ScoreOptions`.
        further: Scores of the classifier.
        examples: Images of each kind to remember; 0: none.
        num_images: How many will pass.

    Attributes:
        left_out: Why images were left out, by name.
        blank: By method, how many maps were constant or not finite, which count as empty.
    """

    def __init__(
        self,
        methods: Sequence[str],
        protocols: Sequence[Protocol],
        options: ScoreOptions,
        further: Sequence[ClassificationScore | FaithfulnessScore] = (),
        examples: int = 6,
        num_images: int = 0,
    ) -> None:
        self.by_method: dict[str, list[Score]] = {
            name: [_KINDS[protocol.kind](name, protocol, options) for protocol in protocols]
            for name in methods
        }
        self.further = list(further)
        self.left_out: dict[str, str] = {}
        self.blank = {name: np.zeros((), np.int64) for name in methods}
        self.choices: dict[str, ExampleChoice] = {}
        self.shown: dict[str, Score] = {}
        for name, scores in self.by_method.items():
            shown = next((score for score in scores if len(score.example_thresholds)), None)
            if shown is not None and examples:
                self.shown[name] = shown
                thresholds = shown.example_thresholds
                self.choices[name] = ExampleChoice(examples, thresholds, num_images, options.seed)

    def update(self, batch: MapBatch) -> None:
        """Counts a batch; images without the ground truth that a protocol needs are left out."""
        self.left_out.update(batch.left_out)
        usable = self._usable(batch)
        if not len(batch):
            return
        for score in self.further:
            score.update(batch, _first_map(batch, score.method))
        for name, scores in self.by_method.items():
            scaled: dict[tuple[str, str], np.ndarray] = {}
            for score in scores:
                rows = usable[score.protocol.truth]
                if not rows.any():
                    continue
                key = (score.protocol.maps, score.protocol.rule)
                if key not in scaled:
                    scaled[key] = scaled_maps(batch, name, score.protocol)
                    if len(scaled) == 1:
                        self.blank[name] += (scaled[key].max(axis=(1, 2)) == 0).sum()
                part = batch if rows.all() else batch.only(rows)
                fits = score.update(part, scaled[key][rows])
                if self.shown.get(name) is score:
                    self.choices[name].update(part.places, fits)

    def all(self) -> list[Score]:
        """Every score."""
        return [*(score for scores in self.by_method.values() for score in scores), *self.further]

    def state(self) -> dict[str, np.ndarray]:
        """Everything counted so far, by name."""
        parts = {f"score{place}": score for place, score in enumerate(self.all())}
        parts |= {f"examples{place}": kept for place, kept in enumerate(self.choices.values())}
        arrays = {
            f"{part}/{name}": array
            for part, owner in parts.items()
            for name, array in owner.state().items()
        }
        blank = {f"{_BLANK}{name}": count for name, count in self.blank.items()}
        return {**arrays, **blank, _LEFT_OUT: np.array(json.dumps(self.left_out))}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state`."""
        self.left_out = json.loads(str(state[_LEFT_OUT]))
        for name, count in self.blank.items():
            count[...] = state[f"{_BLANK}{name}"]
        for place, score in enumerate(self.all()):
            score.restore(_below(state, f"score{place}/"))
        for place, kept in enumerate(self.choices.values()):
            kept.restore(_below(state, f"examples{place}/"))

    def _usable(self, batch: MapBatch) -> dict[str, np.ndarray]:
        """By kind of ground truth: bool, batch: which images have it."""
        wanted = {score.protocol.truth for scores in self.by_method.values() for score in scores}
        usable = {}
        for truth in wanted:
            if truth == "boxes":
                known = np.array([len(boxes) > 0 for boxes in batch.boxes], bool)
            else:
                known = (batch.masks != IGNORED).any(axis=(1, 2))
            for place in np.flatnonzero(~known):
                self.left_out[batch.image_ids[place]] = _TRUTHLESS[truth]
            usable[truth] = known
        return usable


def scaled_maps(batch: MapBatch, method: str, protocol: Protocol) -> np.ndarray:
    """The maps of a method as the protocol compares them, batch × 224 × 224 in [0, 1]."""
    # Maps that belong to no class are the same however many classes are asked for.
    by_name = batch.maps[method]
    maps = by_name[protocol.maps if protocol.maps in by_name else protocol.view]
    return maps if method in batch.scaled else score_maps(maps, protocol.rule)


def _first_map(batch: MapBatch, method: str) -> np.ndarray | None:
    return batch.maps[method]["whole"] if method in batch.maps else None


def _below(state: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)
    }
