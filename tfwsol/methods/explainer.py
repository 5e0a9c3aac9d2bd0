"""The contract of every explainer: images and classes in, one `Localization` out."""

from __future__ import annotations

import abc
import dataclasses
import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfwsol.graph import Cut, cut_model
from tfwsol.localization import Localization

CLASS_OBLIVIOUS = -1


@dataclasses.dataclass(frozen=True)
class Sight:
    """What a model made of some images on the way to its answer.

    Attributes:
        cut: Where the model was cut.
        cut_tensor: The layer's output, batch × (frames ×) height × width × channels.
        context: The tensors that cross beside it.
        logits: float32, batch × classes.
        image_size: (height, width) of the images.
    """

    cut: Cut
    cut_tensor: tf.Tensor
    context: Any
    logits: tf.Tensor
    image_size: tuple[int, int]


class Explainer(abc.ABC):
    """Explains any trained Keras 3 classifier; compiled once per shape of its input.

    Args:
        model: Functional, Sequential, nested, subclassed or reloaded; its output is batch ×
            classes, with or without a final softmax. It is never changed.
        layer: Whose output to explain: a name, a path into nested models, a layer, or (one of
            these, call index). None: the last tensor with more than one spatial cell.

    Raises:
        ValueError: If the layer is unknown or has no spatial extent, if the output is no vector,
            or if the method needs a classifier and the model ends in none.
    """

    needs_classifier = True

    def __init__(self, model: keras.Model, layer: Any = None) -> None:
        self._model = model
        self._cut: Cut = cut_model(model, layer)
        if self.needs_classifier and not self._cut.has_classifier:
            raise ValueError(
                f"{type(self).__name__} asks about a class, but model {model.name!r} does not end "
                "in a linear classifier (Dense or 1×1 convolution, with or without softmax); for "
                "embeddings use L2CAF(model, objective='class_oblivious')."
            )
        # A partial has no code object, by which TensorFlow would take all explainers for one
        # function that is traced too often.
        self._explain = tf.function(functools.partial(self._maps), autograph=False)

    def localize(self, images: Any, class_ids: Any = None, top_k: int = 1) -> Localization:
        """Attention maps of every image for every class asked, at the layer's resolution.

        Args:
            images: Exactly what `model(...)` accepts: preprocessed, batched; an array, or a list
                or dictionary for several inputs.
            class_ids: None: the `top_k` predicted classes; an int: this class for all images;
                [batch]: one class each; [batch, K]: K classes each.
            top_k: How many predicted classes to explain where `class_ids` is None.

        Returns:
            Maps float32, batch × classes × height × width, as tensors.

        Raises:
            ValueError: If a class id is out of range or its shape fits no rule above.
        """
        return self.explain(self.see(images), class_ids, top_k)

    def see(self, images: Any) -> Sight:
        """The forward pass alone; explainers of one model and layer can share it."""
        images = keras.tree.map_structure(_as_tensor, images)
        size = _image_size(images)
        forward = self._cut.compiled.get("forward")
        if forward is None:
            forward = tf.function(functools.partial(self._cut.forward), autograph=False)
            self._cut.compiled["forward"] = forward
        return Sight(self._cut, *forward(images), size)

    def explain(self, sight: Sight, class_ids: Any = None, top_k: int = 1) -> Localization:
        """Like `localize`, for images already seen by an explainer of this model and layer.

        Raises:
            ValueError: As `localize`, and if the sight is of another model or layer.
        """
        if sight.cut is not self._cut:
            raise ValueError(
                "This sight comes from an explainer of another model or layer; call see() of this "
                "one."
            )
        ids = self._choose(sight.logits, class_ids, top_k)
        maps, details = self._explain(sight.cut_tensor, sight.context, sight.logits, ids)
        if ids is None:
            ids = tf.fill((tf.shape(sight.logits)[0], 1), CLASS_OBLIVIOUS)
        return Localization(maps, ids, sight.logits, sight.image_size, details=details)

    def _choose(self, logits: tf.Tensor, class_ids: Any, top_k: int) -> tf.Tensor | None:
        """Class ids, int32 batch × classes, checked."""
        if class_ids is not None:
            return _checked_ids(class_ids, *logits.shape)
        if not 1 <= top_k <= logits.shape[1]:
            raise ValueError(
                f"Expected top_k from 1 to {logits.shape[1]} (the number of classes), but {top_k} "
                "came."
            )
        return tf.math.top_k(logits, top_k).indices

    @abc.abstractmethod
    def _maps(
        self, cut_tensor: tf.Tensor, context: Any, logits: tf.Tensor, class_ids: tf.Tensor | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Maps, batch × classes × height × width, and details; traced once per shape."""


def _checked_ids(class_ids: Any, batch: int, num_classes: int) -> tf.Tensor:
    ids = np.asarray(class_ids)
    if ids.ndim == 0:
        ids = np.full((batch, 1), ids)
    if ids.ndim == 1:
        ids = ids[:, None]
    if ids.ndim != 2 or len(ids) != batch or not ids.shape[1]:
        raise ValueError(
            f"Expected class ids as an int, [{batch}] or [{batch}, K] for {batch} images, but "
            f"shape {np.shape(class_ids)} came."
        )
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"Class ids are integers, but {ids.dtype} came.")
    outside = ids[(ids < 0) | (ids >= num_classes)]
    if outside.size:
        raise ValueError(
            f"Class id {outside[0]} is out of range: the model has {num_classes} classes, "
            f"0 to {num_classes - 1}."
        )
    return tf.constant(ids, tf.int32)


def _as_tensor(array: Any) -> tf.Tensor:
    tensor = tf.convert_to_tensor(array)
    # Plain NumPy is float64; one dtype means one trace.
    return tf.cast(tensor, tf.float32) if tensor.dtype == tf.float64 else tensor


def _image_size(images: Any) -> tuple[int, int]:
    shapes = [tensor.shape for tensor in keras.tree.flatten(images)]
    image = next((shape for shape in shapes if len(shape) in (4, 5)), None)
    if image is None:
        raise ValueError(
            "Expected a batch of images (batch × height × width × channels) among the inputs, but "
            f"shapes {[tuple(shape) for shape in shapes]} came; a single image is image[None]."
        )
    return int(image[-3]), int(image[-2])
