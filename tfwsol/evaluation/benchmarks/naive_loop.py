"""L2-CAF as one would write it without this package: the yardstick of the compiled loop."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf


def naive_filters(
    tail: Callable[[tf.Tensor], tf.Tensor],
    features: tf.Tensor,
    class_ids: tf.Tensor,
    iterations: int,
) -> tf.Tensor:
    """The class-specific filters of an eager gradient loop with Keras' SGD, sign kept.

    The optimiser, its schedule and the start are those of the published PyTorch program, without
    its early stop.

    Args:
        tail: From features to logits.
        features: float32, images × height × width × channels.
        class_ids: int32, images.
        iterations: Steps of the loop.

    Returns:
        float32, images × height × width, unit norm.
    """
    raw = keras.Variable(tf.ones((*features.shape[:3], 1)))
    rate = keras.optimizers.schedules.PolynomialDecay(0.5, iterations, 1e-5)
    optimizer = keras.optimizers.SGD(rate)
    for _ in range(iterations):
        with tf.GradientTape() as tape:
            logits = tail(features * _unit(raw.value))
            wanted = tf.gather(logits, class_ids, batch_dims=1)
            loss = tf.reduce_sum(logits) - 2.0 * tf.reduce_sum(wanted)
        optimizer.apply([tape.gradient(loss, raw.value)], [raw])
    return _unit(raw.value)[..., 0]


def _unit(raw: tf.Tensor) -> tf.Tensor:
    return raw / tf.norm(raw, axis=(1, 2), keepdims=True)
