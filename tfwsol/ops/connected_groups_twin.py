"""The connected groups that win the gates of a convolution's units, for its twin."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def winning_groups(
    products: tf.Tensor, selected: tf.Tensor, alpha: np.float32
) -> tuple[tf.Tensor, tf.Tensor]:
    """Which products belong to the best group of their unit, and their shares of its sum.

    Args:
        products: units × height × width × channels.
        selected: bool, like `products`; groups are of these, by sides and corners.
        alpha: Of the score alpha · sum + (1 − alpha) · area.

    Returns:
        winners: bool, like `products`. All channels of exactly the greatest score win; of the
            equal groups of a channel, the one that begins last.
        parts: Like `products`; of use where `winners`.
    """
    shape = tf.shape(products)
    count, height, width = shape[0], shape[1], shape[2]
    pairs = tf.where(tf.reduce_any(selected, axis=[1, 2]))  # unit, channel
    masks = tf.gather_nd(tf.transpose(selected, [0, 3, 1, 2]), pairs)
    values = tf.gather_nd(tf.transpose(products, [0, 3, 1, 2]), pairs)
    labels = _labels(masks, height * width)
    rows = tf.shape(pairs)[0]
    groups = height * width + 1
    segment = tf.range(rows)[:, None, None] * groups + labels

    def summed(amount: tf.Tensor) -> tf.Tensor:
        # Label 0 is no group.
        total = tf.math.unsorted_segment_sum(amount, segment, rows * groups)
        return tf.reshape(total, [rows, groups])[:, 1:]

    energy = summed(tf.where(masks, values, tf.zeros_like(values)))
    area = summed(tf.cast(masks, products.dtype))
    # A convolution of one position takes the largest product: there the score would only round.
    alpha = tf.cast(alpha, products.dtype)
    scored = alpha * energy + (1 - alpha) * area
    score = tf.where(tf.equal(height * width, 1), energy, scored)
    score = tf.where(area > 0, score, -np.inf)
    best = tf.reduce_max(score, axis=1)
    greatest = tf.math.unsorted_segment_max(best, pairs[:, 0], count)
    chosen = tf.argmax(score, axis=1)  # the first: labels fall from place to place
    wins = tf.equal(best, tf.gather(greatest, pairs[:, 0]))[:, None, None]
    winners = wins & tf.equal(labels, tf.cast(chosen, tf.int32)[:, None, None] + 1)
    sums = tf.gather(energy, chosen, axis=1, batch_dims=1)
    parts = values / sums[:, None, None]
    return _spread(winners, pairs, shape), _spread(parts, pairs, shape)


def _labels(masks: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """One number per connected group: the greatest of its places, which fall row by row."""
    start = tf.reshape(size - tf.range(size), [1, tf.shape(masks)[1], tf.shape(masks)[2], 1])
    inside = tf.cast(masks[..., None], tf.float64)

    def grown(labels: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        wider = tf.nn.max_pool2d(labels, 3, 1, "SAME") * inside
        return wider, tf.reduce_any(wider != labels)

    first = tf.cast(start, tf.float64) * inside
    labels, _ = tf.while_loop(lambda _, changed: changed, grown, (first, tf.size(masks) > 0))
    return tf.cast(labels[..., 0], tf.int32)


def _spread(values: tf.Tensor, pairs: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """The maps of (unit, channel) pairs at their place among those of all."""
    order = tf.gather(tf.cast(shape, tf.int64), [0, 3, 1, 2])
    flag = values.dtype == tf.bool
    numbers = tf.cast(values, tf.int32) if flag else values
    placed = tf.transpose(tf.scatter_nd(pairs, numbers, order), [0, 2, 3, 1])
    return placed > 0 if flag else placed
