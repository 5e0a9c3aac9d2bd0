"""One step of training a localizer inside `fit`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


def train_step(model: Any, data: Any) -> dict[str, Any]:
    """Changes the weights of a localizer by one step and gives its metrics.

    Args:
        model: A `Localizer`, compiled.
        data: Images, labels and perhaps weights of the samples, as `fit` hands them on.
    """
    images, labels, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    with tf.GradientTape() as tape:
        loss, logits = model.training_loss(images, labels, sample_weight=sample_weight)
        # The optimiser adds up the gradients of all replicas.
        share = loss / tf.distribute.get_strategy().num_replicas_in_sync
        share = model.optimizer.scale_loss(share)
    variables = model.trainable_variables
    model.optimizer.apply_gradients(zip(tape.gradient(share, variables), variables, strict=True))
    for metric in model.metrics:
        if metric.name == "loss":
            metric.update_state(loss, sample_weight=tf.shape(logits)[0])
    return model.compute_metrics(images, labels, logits, sample_weight=sample_weight)
