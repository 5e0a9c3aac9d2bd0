"""Maps of the images of a data set, by explainers of one model or by those that need none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfwsol.data.readable import readable
from tfwsol.data.views import Resize, ResizeCrop, TenCrop, View, see
from tfwsol.evaluation.explainer_maps import TEN_CROP, ExplainerMaps
from tfwsol.evaluation.insertion_deletion import Predict
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.trivial_maps import ALREADY_SCALED, trivial_maps
from tfwsol.evaluation.true_masks import seen_label_image

_SIDE, _RESIZED = 224, 256


class DatasetSource:
    """Shows every image in each view to the explainers, which share the forward pass.

    Args:
        dataset: Example dictionaries as `tfwsol.data.load` gives them, of known number.
        explained: The explainers; None: only `trivial` maps.
        trivial: Names out of `TRIVIAL`.
        views: Names out of `VIEWS`.
        class_names: Words for the labels.
        num_classes: Labels are below it; None: as many as there are names, or the model has.
        limit: Take the first so many images; 0: all.
        batch_size: Images that go through the model together; the last batch is filled up, so
            that nothing is traced twice.
        seed: Of random maps.

    Raises:
        ValueError: The number of images or of classes is not known.
    """

    def __init__(
        self,
        dataset: tf.data.Dataset,
        explained: ExplainerMaps | None = None,
        trivial: Sequence[str] = (),
        views: Sequence[str] = ("whole",),
        class_names: Sequence[str] | None = None,
        num_classes: int | None = None,
        limit: int = 0,
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        self._dataset = dataset.take(limit) if limit else dataset
        self._explained, self._trivial = explained, tuple(trivial)
        self._batch_size, self._seed = batch_size, seed
        self.views, self.class_names = tuple(views), class_names
        self.methods = (*(explained.explainers if explained else ()), *self._trivial)
        self.has_scores = explained is not None and explained.has_scores
        self.explain = explained.explain if explained else "label"
        self.num_images = int(self._dataset.cardinality())
        known = len(class_names or ()) or (explained.num_classes if self.has_scores else 0)
        self.num_classes = num_classes or known
        if self.num_images < 0 or not self.num_classes:
            raise ValueError(
                "The data set does not say how many images or classes it has; use "
                "tf.data.experimental.assert_cardinality and give num_classes."
            )
        keys = dataset.element_spec
        self.truths = tuple({"boxes": "boxes", "mask": "masks"}[k] for k in ("boxes", "mask")
                            if k in keys)  # fmt: skip

    def batches(self, start: int) -> Iterator[tuple[int, MapBatch]]:
        """All batches from the image at `start` on, each with the place behind its last image."""
        examples = self._dataset.enumerate().skip(start)
        for batch in self._batched(examples):
            yield start + len(batch), batch
            start += len(batch)

    def at(self, places: Collection[int]) -> Iterator[MapBatch]:
        """Single images, with pictures."""
        if not places:
            return
        wanted = tf.constant(sorted(places), tf.int64)
        examples = self._dataset.enumerate().take(max(places) + 1)
        examples = examples.filter(lambda place, _: tf.reduce_any(place == wanted))
        for batch in self._batched(examples):
            for row in range(len(batch)):
                yield batch.only(np.arange(len(batch)) == row)

    @property
    def predict(self) -> Predict | None:
        """The model's softmax for pictures of a view, at most a batch; None without a model."""
        return self._probabilities if self._explained else None

    def _probabilities(self, pictures: np.ndarray) -> np.ndarray:
        return self._explained.probabilities(self._filled(pictures))[: len(pictures)]

    def _batched(self, examples: tf.data.Dataset) -> Iterator[MapBatch]:
        views = self._view_records()
        prepared = examples.map(lambda place, e: _prepared(place, e, views), tf.data.AUTOTUNE)
        ready = prepared.ragged_batch(self._batch_size).prefetch(tf.data.AUTOTUNE)
        for found in readable(ready, "Images to be scored"):
            yield self._batch(found)

    def _view_records(self) -> dict[str, View]:
        side = self._explained.side if self._explained else _SIDE
        crop = ResizeCrop(round(side * _RESIZED / _SIDE), side)
        known = {"whole": Resize(side), "centre": crop}
        records: dict[str, View] = {view: known[view] for view in self.views}
        if self._explained and self._explained.ten_crop:
            records[TEN_CROP] = TenCrop(crop)
        return records

    def _batch(self, found: Mapping[str, Any]) -> MapBatch:
        places = found["place"].numpy()
        count = len(places)
        labels = found["label"].numpy()
        names = tuple(name.decode() for name in found["image_id"].numpy())
        pictures = {key: value.numpy() for key, value in found["pictures"].items()}
        maps: dict[str, Mapping[str, np.ndarray]] = {}
        scores, ids = {}, None
        if self._explained:
            filled = {key: self._filled(value) for key, value in pictures.items()}
            answer = self._explained.ask(filled, self._filled(labels), self.views)
            maps = _cut(answer.maps, count)
            scores = _cut(answer.scores, count)
            ids = answer.class_ids[self.views[0]][:count]
        for name, trivial in self._trivial_maps(places).items():
            maps[name] = dict.fromkeys(self.views, trivial)
        return MapBatch(
            names,
            places,
            labels,
            found["image_size"].numpy(),
            maps,
            boxes=_boxes(found) if "boxes" in self.truths else None,
            masks=found["labels_of_pixels"].numpy() if "masks" in self.truths else None,
            scores=scores,
            scaled=ALREADY_SCALED,
            class_ids=ids,
            pictures={view: pictures[view] for view in self.views},
        )

    def _trivial_maps(self, places: np.ndarray) -> Mapping[str, np.ndarray]:
        first, last = int(places[0]), int(places[-1])
        maps = trivial_maps(self._trivial, first, last - first + 1, self._seed)
        return {name: found[places - first] for name, found in maps.items()}

    def _filled(self, rows: np.ndarray) -> np.ndarray:
        """The rows, the last repeated until the batch is full."""
        missing = self._batch_size - len(rows)
        return np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows


def _prepared(
    place: tf.Tensor, example: Mapping[str, tf.Tensor], views: Mapping[str, View]
) -> dict[str, Any]:
    picture = {"image": example["image"]}
    found = {
        "place": place,
        "label": example["label"],
        "image_id": example["image_id"],
        "image_size": tf.shape(example["image"])[:2],
        "pictures": {name: see(view, picture)["image"] for name, view in views.items()},
    }
    if "boxes" in example:
        found["boxes"] = example["boxes"]
    if "mask" in example:
        found["labels_of_pixels"] = seen_label_image(example["mask"], example.get("ignore_mask"))
    return found


def _boxes(found: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
    boxes = found["boxes"]
    if isinstance(boxes, tf.Tensor):
        # Of a data set with as many boxes in each image.
        return tuple(boxes.numpy().astype(np.float64))
    corners = boxes.flat_values.numpy().reshape(-1, 4).astype(np.float64)
    return tuple(np.split(corners, boxes.row_splits.numpy()[1:-1]))


def _cut(value: Any, count: int) -> Any:
    if isinstance(value, Mapping):
        return {name: _cut(part, count) for name, part in value.items()}
    return value[:count]
