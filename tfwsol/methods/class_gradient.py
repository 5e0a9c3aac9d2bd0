"""Gradients of class scores with respect to a layer, for many classes of many images."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfwsol.graph import Cut
from tfwsol.methods.filter_search.objective import repeat_rows


def class_gradient(cut: Cut, cut_tensor: tf.Tensor, context: Any, ids: tf.Tensor) -> tf.Tensor:
    """∂ z_t / ∂ A in float32: images × classes × height × width × channels.

    Each row's score depends on that row alone, so one backward pass serves all classes.

    Args:
        cut: The model, cut.
        cut_tensor: A, images × height × width × channels.
        context: What crosses beside the cut.
        ids: int32, images × classes.
    """
    features, context = repeat_rows((cut_tensor, context), ids.shape[1])
    with tf.GradientTape() as tape:
        tape.watch(features)
        logits = cut.logits(features, context)
        scores = tf.gather(logits, tf.reshape(ids, (-1,)), batch_dims=1)
    gradient = tf.cast(tape.gradient(scores, features), tf.float32)
    return tf.reshape(gradient, (-1, ids.shape[1], *cut_tensor.shape[1:]))
