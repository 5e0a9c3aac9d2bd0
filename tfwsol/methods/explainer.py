"""The contract of every explainer: images and classes in, one `Localization` out."""

from __future__ import annotations

import abc
import dataclasses
import functools
from typing import Any

import keras
import tensorflow as tf

from tfwsol.graph import Cut, cut_model
from tfwsol.localization import Localization
from tfwsol.methods.asked_classes import asked_classes, image_size, image_tensors

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
        images = image_tensors(images)
        size = image_size(images)
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
        """Class ids, int32 batch × classes, checked; None where no class is asked about."""
        return asked_classes(logits, class_ids, top_k)

    @abc.abstractmethod
    def _maps(
        self, cut_tensor: tf.Tensor, context: Any, logits: tf.Tensor, class_ids: tf.Tensor | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Maps, batch × classes × height × width, and details; traced once per shape."""
