"""What training minimises on a batch: the model's own loss or cross entropy."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import tensorflow as tf


def batch_loss(
    model: keras.Model,
    images: tf.Tensor,
    labels: tf.Tensor,
    weights: tf.Tensor,
    label_smoothing: float = 0.0,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The weighted sum of the losses of a batch in training, and the scores they come from.

    A model with a method `training_loss(images, labels)` decides itself, as the localizers of
    `tfwsol.methods` do: it returns a loss per example, or their mean with all penalties, and the
    logits. Any other one is called, and its first output is taken as logits for the softmax cross
    entropy, to which its penalties (`model.losses`) are added for every example.

    Args:
        model: The network.
        images: Whatever it takes, examples on the first axis.
        labels: int, batch.
        weights: float32, batch: 1, or 0 for examples that are only there to fill up. A
            `training_loss` that takes `sample_weight` gets them.
        label_smoothing: Share of the target that is spread over all classes; a `training_loss`
            then gets float labels, batch × classes.

    Returns:
        A float32 scalar, and logits, float32, batch × classes.
    """
    if hasattr(model, "training_loss"):
        total, logits = _own_loss(model, images, labels, weights, label_smoothing)
    else:
        logits = _first(model(images, training=True))
        targets = _targets(labels, logits.shape[-1], label_smoothing)
        losses = tf.nn.softmax_cross_entropy_with_logits(targets, tf.cast(logits, tf.float32))
        total = tf.reduce_sum(losses * weights)
        for penalty in model.losses:
            total += tf.cast(penalty, tf.float32) * tf.reduce_sum(weights)
    return total, tf.cast(tf.convert_to_tensor(logits), tf.float32)


def inference_loss(model: keras.Model, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """What a model's first output is worth as logits at inference.

    Returns:
        float32, three sums over the batch: of the softmax cross entropy, of right answers and of
        examples.
    """
    logits = tf.cast(_first(model(images, training=False)), tf.float32)
    losses = tf.nn.softmax_cross_entropy_with_logits(_targets(labels, logits.shape[-1], 0), logits)
    right = tf.argmax(logits, axis=-1) == tf.cast(labels, tf.int64)
    counts = tf.reduce_sum(tf.cast(right, tf.float32)), tf.cast(tf.size(labels), tf.float32)
    return tf.stack([tf.reduce_sum(losses), *counts])


def number_of_classes(model: keras.Model, images: tf.Tensor) -> int:
    """The width of a model's first output.

    Args:
        model: The network; of a subclassed one it is found out with the shape of the images.
        images: A batch.
    """
    try:
        outputs = model.output
    except (AttributeError, ValueError):
        spec = keras.KerasTensor((None, *images.shape[1:]), images.dtype.name)
        outputs = model.compute_output_spec(spec)
    return _first(outputs).shape[-1]


def _own_loss(
    model: keras.Model, images: Any, labels: Any, weights: Any, smoothing: float
) -> tuple[tf.Tensor, Any]:
    given = labels
    if smoothing:
        given = _targets(labels, number_of_classes(model, images), smoothing)
    takes_weights = "sample_weight" in inspect.signature(model.training_loss).parameters
    further = {"sample_weight": weights} if takes_weights else {}
    loss, logits = model.training_loss(images, given, **further)
    loss = tf.cast(tf.convert_to_tensor(loss), tf.float32)
    if loss.shape.rank:
        return tf.reduce_sum(loss if takes_weights else loss * weights), logits
    # A mean of weighted losses is over all examples, also those of weight 0.
    count = tf.cast(tf.size(weights), tf.float32) if takes_weights else tf.reduce_sum(weights)
    return loss * count * tf.reduce_max(weights), logits


def _targets(labels: tf.Tensor, classes: int, smoothing: float) -> tf.Tensor:
    return (1.0 - smoothing) * tf.one_hot(labels, classes) + smoothing / classes


def _first(outputs: Any) -> Any:
    if isinstance(outputs, dict):
        return next(iter(outputs.values()))
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs
