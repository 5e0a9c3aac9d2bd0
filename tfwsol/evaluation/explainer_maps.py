"""Maps of several explainers from one forward pass of a classifier."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.evaluation.protocols import Protocol
from tfwsol.evaluation.shared_sights import SharedSights
from tfwsol.evaluation.stnet_hypotheses import comparable_maps
from tfwsol.methods.explainer import Explainer, Sight

TEN_CROP = "ten_crop"
"""The name under which the scores over ten crops stand beside those of the views."""

CHOICES = ("label", "predicted")


@dataclasses.dataclass(frozen=True)
class ExplainedBatch:
    """What a classifier and its explainers say about a batch.

    Attributes:
        maps: By explainer, then by view or `Protocol.maps`: float32, batch × height × width; of
            STNet its class hypotheses.
        scores: By view: float32, batch × classes; with ten crops also under `TEN_CROP`: batch ×
            10 × classes.
        class_ids: By view: int, batch: the class that was asked for.
    """

    maps: Mapping[str, Mapping[str, np.ndarray]]
    scores: Mapping[str, np.ndarray]
    class_ids: Mapping[str, np.ndarray]


class ExplainerMaps:
    """Asks explainers of one classifier about batches of pictures.

    Args:
        classifier: Whose forward pass they share.
        explainers: By name; those of the same layer share what is behind it, too.
        explain: "label": the map of the true class, as the protocols have it. "predicted": of
            the highest score.
        among: Classes that count as predictions; None: all. For data of other classes than the
            classifier's, so that predictions and labels cannot be compared.
        ten_crop: Also score the ten crops under `TEN_CROP`.
        protocols: Those among which some may want the mean of several maps.

    Raises:
        ValueError: The arguments do not fit each other or the classifier.
    """

    def __init__(
        self,
        classifier: TrainedClassifier,
        explainers: Mapping[str, Explainer],
        explain: str = "label",
        among: Sequence[int] | None = None,
        ten_crop: bool = False,
        protocols: Sequence[Protocol] = (),
    ) -> None:
        self.classifier, self.explainers = classifier, dict(explainers)
        self._see_all = SharedSights(explainers)
        self.num_classes = int(classifier.model.output_shape[-1])
        height, width = classifier.image_size
        if height != width:
            raise ValueError(
                f"The protocols show square views, but this model takes {height} × {width} pixels; "
                "build it for a square input (--image_size=224)."
            )
        if explain not in CHOICES:
            raise ValueError(f"Expected to explain one of {CHOICES}, but {explain!r} came.")
        if among is not None and explain == "label":
            raise ValueError(
                "With predictions restricted to listed classes the labels are not the model's; use "
                "--explain=predicted."
            )
        if among is not None and not set(among) <= set(range(self.num_classes)):
            raise ValueError(
                f"The listed classes go up to {max(among)}, but the model has "
                f"{self.num_classes}, 0 to {self.num_classes - 1}."
            )
        self.explain, self.ten_crop = explain, ten_crop
        self._among = None if among is None else np.unique(np.asarray(among))
        self.has_scores = among is None
        self._means = [protocol for protocol in protocols if protocol.mean_of_top > 1]

    @property
    def side(self) -> int:
        """The side of the model's input in pixels."""
        return self.classifier.image_size[0]

    def ask(
        self, pictures: Mapping[str, np.ndarray], labels: np.ndarray, views: Sequence[str]
    ) -> ExplainedBatch:
        """The maps and scores of a batch.

        Args:
            pictures: By view: 0..255, batch × height × width × 3; `TEN_CROP` with an axis of ten
                behind the first.
            labels: int, batch: the true classes.
            views: Those whose maps are wanted.

        Raises:
            ValueError: A label is no class of the model although its map is asked for.
        """
        maps: dict[str, dict[str, np.ndarray]] = {name: {} for name in self.explainers}
        scores, class_ids = {}, {}
        for view in views:
            sights = self._sights(pictures[view])
            scores[view] = np.asarray(next(iter(sights.values())).logits)
            class_ids[view] = self._choose(scores[view], labels)
            for name, explainer in self.explainers.items():
                sight = sights[name]
                ids = class_ids[view] if explainer.needs_classifier else None
                found = np.asarray(explainer.explain(sight, ids).maps)[:, 0]
                maps[name][view] = comparable_maps(explainer, found, sight.image_size)
                maps[name] |= self._mean_maps(explainer, sight, view)
        if self.ten_crop:
            scores[TEN_CROP] = self._ten_crop_scores(pictures[TEN_CROP])
        return ExplainedBatch(maps, scores if self.has_scores else {}, class_ids)

    def see(self, pictures: np.ndarray) -> Sight:
        """The forward pass of pictures 0..255, batch × height × width × 3."""
        images = self.classifier.preprocess(np.asarray(pictures, np.float32))
        return next(iter(self.explainers.values())).see(images)

    def _sights(self, pictures: np.ndarray) -> dict[str, Sight]:
        return self._see_all(self.classifier.preprocess(np.asarray(pictures, np.float32)))

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """The softmax of the scores of pictures 0..255, float64, batch × classes."""
        logits = np.asarray(self.see(pictures).logits).astype(np.float64)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    def _mean_maps(self, explainer: Explainer, sight: Sight, view: str) -> dict[str, np.ndarray]:
        wanted = [p for p in self._means if p.view == view and explainer.needs_classifier]
        means = {}
        for p in wanted:
            maps = np.asarray(explainer.explain(sight, None, p.mean_of_top).maps)
            means[p.maps] = comparable_maps(explainer, maps, sight.image_size).mean(axis=1)
        return means

    def _choose(self, scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
        if self.explain == "label":
            if labels.max() >= self.num_classes:
                raise ValueError(
                    f"The data has a class {labels.max()}, but the model has {self.num_classes} "
                    "classes; use --explain=predicted with --among=..., or another model."
                )
            return labels
        if self._among is None:
            return scores.argmax(axis=1)
        return self._among[scores[:, self._among].argmax(axis=1)]

    def _ten_crop_scores(self, pictures: np.ndarray) -> np.ndarray:
        """Logits, batch × 10 × classes, of pictures batch × 10 × height × width × 3."""
        crops = [np.asarray(self.see(pictures[:, place]).logits) for place in range(10)]
        return np.stack(crops, axis=1)
