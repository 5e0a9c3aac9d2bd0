"""A classifier that is trained to localize: one Keras model with a loss and a map of its own."""

from __future__ import annotations

import functools
from typing import Any

import keras
from keras import ops

from tfwsol.localization import Localization
from tfwsol.methods.classification_loss import (
    Classification,
    checked_labels,
    mean_loss,
)


@keras.saving.register_keras_serializable(package="tfwsol")
class Localizer(keras.Model):
    """A functional Keras model from images to logits that knows where its classes are.

    `compile` it, without a loss for the method's own, and `fit` it as any Keras model; then
    `localize`. The model itself is the inference graph, so `tfwsol.graph` and explainers see
    through it; `network` is the graph of everything that training needs. Both share all
    variables, and a `.keras` file keeps both. This class serves the methods whose loss is the
    plain cross entropy (CAM, ADL, hide-and-seek); others subclass it.

    Input: batch × height × width × channels, preprocessed as the backbone wants it. Output:
    float32 logits, batch × classes, in training and at inference alike.

    Attributes:
        network: Functional, from images to a dictionary with ``logits``, ``class_maps`` (batch ×
            height × width × classes) and what else the method trains; it has the backbone's name.
        method: The name by which `tfwsol.methods.build` knows the method.

    Args:
        network: See above.
        method: See above.
        name: Of the model; None: that of the method and of the network.
        dtype: Policy by which `compile` decides on scaling the loss; None: Keras' setting. The
            layers have their own.
    """

    def __init__(
        self,
        network: keras.Model,
        method: str = "cam",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        name = name or f"{method}_{network.name}"
        super().__init__(network.input, network.output["logits"], name=name, **kwargs)
        self.dtype_policy = keras.dtype_policies.get(dtype)
        self.network = network
        self.method = method

    @property
    def num_classes(self) -> int:
        """The width of the output."""
        return self.output.shape[-1]

    def training_loss(
        self, images: Any, labels: Any, training: bool = True, sample_weight: Any = None
    ) -> tuple[Any, Any]:
        """The loss to be minimised and the logits, for training loops of one's own.

        Args:
            images: What the model takes.
            labels: int, batch, or float, batch × classes: one-hot or smoothed.
            training: False: the classification loss alone, as in `evaluate`.
            sample_weight: float, batch, of the classification losses.

        Returns:
            A float32 scalar, the mean over the samples of this replica (never divided by the
            number of replicas) with the penalties in `losses`; and logits, batch × classes.

        Raises:
            ValueError: If the labels have another shape.
        """
        terms, logits = self.loss_terms(images, labels, training, sample_weight)
        return self._sum(terms), logits

    def loss_terms(
        self, images: Any, labels: Any, training: bool = True, sample_weight: Any = None
    ) -> tuple[dict[str, Any], Any]:
        """The parts of `training_loss` by name, without the penalties, and the logits."""
        labels = checked_labels(labels, self.num_classes)
        classification = mean_loss(self.loss, sample_weight)
        if training:
            return self.training_terms(images, labels, classification)
        logits = self(images, training=False)
        return {"classification": classification(labels, logits)}, logits

    def training_terms(
        self, images: Any, labels: Any, classification: Classification
    ) -> tuple[dict[str, Any], Any]:
        """What a method minimises in training; its subclass says it here.

        Args:
            images: What the model takes.
            labels: int, batch, or float, batch × classes.
            classification: From labels and logits to their loss, a scalar.

        Returns:
            The terms by name, float32 scalars, and the logits that metrics are to see.
        """
        logits = self.network(images, training=True)["logits"]
        return {"classification": classification(labels, logits)}, logits

    def _sum(self, terms: dict[str, Any]) -> Any:
        return sum((ops.sum(penalty) for penalty in self.losses), sum(terms.values()))

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The classification loss of logits with the penalties, as `evaluate` reports it."""
        labels = checked_labels(y, self.num_classes)
        return self._sum({"classification": mean_loss(self.loss, sample_weight)(labels, y_pred)})

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of `fit` with the method's loss."""
        # TensorFlow is loaded when a model is trained, not when tfwsol is imported.
        from tfwsol.methods.train_step import train_step

        return train_step(self, data)

    def localize(self, images: Any, class_ids: Any = None, top_k: int = 1) -> Localization:
        """Maps of every image for every class asked, at the resolution of the last layer.

        Compiled once per shape of the images and of the classes.

        Args:
            images: Exactly what `model(...)` accepts: preprocessed, batched.
            class_ids: None: the `top_k` predicted classes; an int: this class for all images;
                [batch]: one class each; [batch, K]: K classes each.
            top_k: How many predicted classes to localize where `class_ids` is None.

        Returns:
            Maps float32, batch × classes × height × width, not normalised, as tensors; the
            scores are the logits.

        Raises:
            ValueError: If a class id is out of range or its shape fits no rule above.
        """
        from tfwsol.methods.asked_classes import asked_classes, image_size, image_tensors

        images = image_tensors(images)
        size = image_size(images)
        logits, seen = self._see(images)
        ids = asked_classes(logits, class_ids, top_k)
        return Localization(self._map(seen, ids), ids, logits, size)

    def seen(self, images: Any) -> tuple[Any, Any]:
        """The logits, float32, and what `maps` needs of these images."""
        outputs = self.network(images, training=False)
        return ops.cast(outputs["logits"], "float32"), outputs["class_maps"]

    def maps(self, seen: Any, class_ids: Any) -> Any:
        """Maps, float32, batch × classes asked × height × width, from what was seen."""
        return maps_of_classes(seen, class_ids)

    @functools.cached_property
    def _see(self) -> Any:
        return _compiled(self.seen)

    @functools.cached_property
    def _map(self) -> Any:
        return _compiled(self.maps)

    def inference_model(self) -> Localizer:
        """The model without the parts that only training needs, sharing all other variables.

        It localizes with the same maps, saves as `.keras` and is not compiled.
        """
        from tfwsol.methods.networks.inference import inference_network

        network = inference_network(self.network, ("logits", "class_maps"))
        return Localizer(network, "cam", name=f"{self.name}_inference")

    def get_config(self) -> dict[str, Any]:
        """The arguments this model was made with."""
        return {
            "network": keras.saving.serialize_keras_object(self.network),
            "method": self.method,
            "name": self.name,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Localizer:
        """A model with weights of its own, from what `get_config` gave."""
        parts = {
            key: keras.saving.deserialize_keras_object(value, custom_objects)
            if isinstance(value, dict)
            else value
            for key, value in config.items()
        }
        return cls(**parts)


def maps_of_classes(class_maps: Any, class_ids: Any) -> Any:
    """The maps of some classes, float32, batch × classes asked × height × width.

    Args:
        class_maps: float, batch × height × width × classes.
        class_ids: int, batch × classes asked.
    """
    maps = ops.transpose(ops.cast(class_maps, "float32"), (0, 3, 1, 2))
    return ops.take_along_axis(maps, class_ids[:, :, None, None], axis=1)


def _compiled(function: Any) -> Any:
    import tensorflow as tf

    # A partial has no code object, by which TensorFlow would take the functions of all models
    # for one that is traced too often.
    return tf.function(functools.partial(function), autograph=False)
