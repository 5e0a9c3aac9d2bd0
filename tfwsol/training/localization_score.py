"""Scores a model in training on a data set: where it looks, and what it calls it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfwsol import boxes
from tfwsol.backbones.image_scaling import Scaling
from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.data.pipeline import batches
from tfwsol.data.views import Resize
from tfwsol.evaluation.dataset_source import DatasetSource
from tfwsol.evaluation.explainer_maps import ExplainerMaps
from tfwsol.evaluation.one_pass import EvaluationSettings, evaluate
from tfwsol.evaluation.protocols import Protocol, choose_protocols
from tfwsol.localization import Localization
from tfwsol.methods import CAM
from tfwsol.visualization import draw_boxes, overlay

THRESHOLD = "threshold"
"""What the best threshold of a protocol is called among its numbers."""

_FOUND, _TRUE = "#ffd400", "#00c853"


@dataclasses.dataclass
class LocalizationScore:
    """Called with a model, scores its maps of a data set's images under a few protocols.

    A model with `seen` and `maps` (every localizer of `tfwsol.methods`) is asked for its own maps,
    any other classifier is explained by CAM. Nothing is traced again for a model that has been
    asked before.

    Attributes:
        examples: Example dictionaries as `tfwsol.data.load` gives them, of known number.
        image_size: Side of the square that the model takes.
        protocols: Names out of `tfwsol.evaluation.PROTOCOLS`; the first one's main number chooses
            the checkpoint by default. Those that do not fit the data are left out.
        preprocess: From float32 RGB 0..255, batch × height × width × 3, to what the model takes;
            None: it takes that.
        class_names: Words for the labels, if there are any.
        batch_size: Images that go through the model together.
        limit: Score the first so many images only; 0: all.
        pictures: So many of the first images are shown with map, found box and true boxes.
        step: Distance of the thresholds that are tried; the published 0.001 takes longer.
    """

    examples: tf.data.Dataset
    image_size: int = 224
    protocols: Sequence[str | Protocol] = ("wsoleval",)
    preprocess: Scaling | None = None
    class_names: Sequence[str] | None = None
    batch_size: int = 32
    limit: int = 0
    pictures: int = 6
    step: float = 0.01

    def __post_init__(self):
        self._model: keras.Model | None = None
        self._names = [p for p in self.protocols if isinstance(p, str)]
        self._records = [p for p in self.protocols if not isinstance(p, str)]
        self._records = [*self._records, *(choose_protocols(self._names) if self._names else ())]

    def __call__(self, model: keras.Model, quiet: bool = False) -> dict[str, Any]:
        """Numbers in percent by name, "wsoleval MaxBoxAcc" say, and pictures under "maps".

        And "wsoleval threshold" say: the one at which most images are hit, at IoU 50 %.

        Args:
            model: The network.
            quiet: Show no progress.
        """
        explained = self._explained(model)
        numbers = self._numbers(explained, self.limit, quiet)
        if self.pictures:
            numbers["maps"] = self._shown(explained)
        return numbers

    def names(self, model: keras.Model) -> list[str] | None:
        """What its numbers are called, from a first batch; None where that has no scores yet."""
        few = min(self.limit or self.batch_size, self.batch_size)
        try:
            return list(self._numbers(self._explained(model), few, quiet=True))
        except ValueError:
            # No image of these has boxes, say; others may.
            return None

    def _numbers(self, explained: ExplainerMaps, limit: int, quiet: bool) -> dict[str, Any]:
        views = tuple(dict.fromkeys(record.view for record in self._records))
        source = DatasetSource(
            self.examples,
            explained,
            views=views,
            class_names=self.class_names,
            limit=limit,
            batch_size=self.batch_size,
        )
        settings = EvaluationSettings(step=self.step, bootstrap=0, examples=0, only_fitting=True)
        words = None if quiet else "scoring"
        found = evaluate(source, self._records, settings, words=words)
        rows = sorted(found.rows, key=lambda row: not row.main)
        numbers: dict[str, Any] = {}
        for row in rows:
            numbers.setdefault(f"{row.protocol} {row.metric}", row.value)
        for protocol, chosen in found.chosen["maps"].items():
            numbers[f"{protocol} {THRESHOLD}"] = chosen.get("50", chosen.get("threshold"))
        return numbers

    def _explained(self, model: keras.Model) -> ExplainerMaps:
        """The maps of a model, made once."""
        if self._model is not model:
            side = self.image_size
            known = TrainedClassifier(
                model,
                model.name,
                self.preprocess or (lambda images: images),
                "none" if self.preprocess is None else "given",
                (side, side),
                self.class_names,
            )
            own = all(hasattr(model, name) for name in ("seen", "maps"))
            explainer = OwnMaps(model) if own else CAM(model)
            self._model, self._maps = model, ExplainerMaps(known, {"maps": explainer})
        return self._maps

    def _shown(self, explained: ExplainerMaps) -> np.ndarray:
        """Pictures, uint8, number × side × side × 3: image and map, with the boxes."""
        shown = batches(self.examples.take(self.pictures), Resize(self.image_size), self.batch_size)
        return np.concatenate([self._drawn(explained, batch) for batch in shown])

    def _drawn(self, explained: ExplainerMaps, batch: Mapping[str, Any]) -> np.ndarray:
        images = batch["image"].numpy()
        answer = explained.ask({"whole": images}, batch["label"].numpy(), ("whole",))
        maps = answer.maps["maps"]["whole"][:, None]
        size = images.shape[1:3]
        ids = answer.class_ids["whole"][:, None].astype(np.int32)
        record = Localization(maps, ids, answer.scores["whole"], size)
        boxes_found = boxes.of(record, "wsoleval", 0.5)[:, 0]
        pictures = np.clip(np.rint(images), 0, 255).astype(np.uint8)
        covered = overlay(pictures, record)
        true = batch["view_boxes"] if "view_boxes" in batch else [np.zeros((0, 4))] * len(maps)
        return np.stack(
            [
                draw_boxes(draw_boxes(picture[0], np.asarray(right), _TRUE), box, _FOUND)
                for picture, right, box in zip(covered, true, boxes_found, strict=True)
            ]
        )


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a localizer made of some images.

    Attributes:
        logits: float32, batch × classes.
        features: What its maps are made of.
        image_size: (height, width).
    """

    logits: Any
    features: Any
    image_size: tuple[int, int]


class OwnMaps:
    """A localizer of `tfwsol.methods` as an explainer of itself, whose forward pass is shared.

    Args:
        localizer: Has `seen(images)`, logits and features, and `maps(features, class_ids)`.
    """

    needs_classifier = True

    def __init__(self, localizer: Any) -> None:
        # A partial has no code object, by which TensorFlow would take the functions of all
        # models for one that is traced too often.
        self._see = tf.function(functools.partial(localizer.seen), autograph=False)
        self._maps = tf.function(functools.partial(localizer.maps), autograph=False)

    def see(self, images: Any) -> Seen:
        """The forward pass alone."""
        images = tf.convert_to_tensor(images)
        return Seen(*self._see(images), tuple(images.shape[1:3]))

    def explain(self, seen: Seen, class_ids: Any) -> Localization:
        """The maps of one class for each image."""
        ids = tf.cast(tf.convert_to_tensor(class_ids), tf.int32)[:, None]
        return Localization(self._maps(seen.features, ids), ids, seen.logits, seen.image_size)
