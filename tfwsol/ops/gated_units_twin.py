"""What the twins of the gating operations have in common: units, products, theta, sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

DROPPED_THETA = -1000.0
"""Of a unit whose products sum to no more than `least`."""

PRODUCTS_AT_ONCE = 2**21
POLICY = ((1, 3), (1, 2), (1, 1), (1, 0), (0.5, 0), (0.2, 0))
"""Rows a, b of the 68-95-99.7 rule: the threshold is a · mean + b · deviation."""


class Pruning(NamedTuple):
    """The constants of the published code."""

    least: float
    slack: float


def dimensions(tensor: tf.Tensor) -> list[int | tf.Tensor]:
    """The shape: integers where they are known, int64 tensors where not."""
    dynamic = tf.shape(tensor, out_type=tf.int64)
    return [dynamic[k] if size is None else size for k, size in enumerate(tensor.shape)]


def known(*tensors: tf.Tensor) -> bool:
    """Whether the shapes can be checked already."""
    return all(tensor.shape.is_fully_defined() for tensor in tensors)


def finite(name: str, values: tf.Tensor) -> tf.Tensor:
    """The values, or the error that they are not finite."""
    return tf.debugging.assert_all_finite(values, f"{name} is not finite everywhere")


def finite_products(products: tf.Tensor) -> tf.Tensor:
    """The products, or the error that the kernel makes them infinite."""
    sentence = "kernel is not finite where units are gated, or its products with x are not"
    return tf.debugging.assert_all_finite(products, sentence)


def over_chunks(
    gates: tf.Tensor,
    products: int | tf.Tensor,
    step: Callable[..., tuple[tf.Tensor, ...]],
    sums: tuple[tf.Tensor, ...],
) -> tuple[tf.Tensor, ...]:
    """The sums after a step for every part of the gated units that fits into memory.

    Args:
        gates: Of the layer's output.
        products: How many a unit has.
        step: Takes the places of some units in `gates` (units × rank), their gates and the
            sums; gives the sums.
        sums: At the beginning.
    """
    places = tf.where(gates != 0)
    values = tf.gather_nd(gates, places)
    count = tf.shape(places, out_type=tf.int64)[0]
    chunk = tf.maximum(tf.constant(1, tf.int64), PRODUCTS_AT_ONCE // tf.cast(products, tf.int64))

    def body(first: tf.Tensor, *sums: tf.Tensor) -> tuple[tf.Tensor, ...]:
        part = slice(first, first + chunk)
        return (first + chunk, *step(places[part], values[part], *sums))

    start = tf.zeros([], tf.int64)
    return tf.while_loop(lambda first, *_: first < count, body, (start, *sums))[1:]


def add_at(sums: tf.Tensor, places: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """The flat sums with the values added at their places."""
    return tf.tensor_scatter_nd_add(sums, places[:, None], values)


def theta_of(products: tf.Tensor, pruning: Pruning) -> tf.Tensor:
    """The product that lifts the ascending running sum of each row's products above zero."""
    wide = tf.cast(products, tf.float64)
    negative = tf.reduce_sum(tf.minimum(wide, 0), axis=1)
    total = negative + tf.reduce_sum(tf.maximum(wide, 0), axis=1)
    rising = tf.sort(tf.maximum(products, 0), axis=1)
    passed = tf.cumsum(tf.cast(rising, tf.float64), axis=1) > -negative[:, None]
    # Rounding may leave nothing above; then the largest product is meant.
    first = tf.argmax(tf.concat([passed[:, :-1], tf.ones_like(passed[:, :1])], axis=1), axis=1)
    theta = tf.gather(rising, first, axis=1, batch_dims=1)
    return tf.where(total > pruning.least, theta, DROPPED_THETA)


def is_selected(
    products: tf.Tensor, theta: tf.Tensor, pruning: Pruning, literal: bool
) -> tf.Tensor:
    """Which products of each row are selected; none of a dropped unit."""
    cut = (theta - tf.constant(pruning.slack, theta.dtype))[:, None]
    chosen = (products >= cut) & (theta != DROPPED_THETA)[:, None]
    return chosen if literal else chosen & (products > 0)


def policy_threshold(
    largest: tf.Tensor, mean: tf.Tensor, deviation: tf.Tensor, offset: int
) -> tf.Tensor:
    """The threshold `offset` rows after the first that the largest value reaches."""
    a, b = tf.unstack(tf.constant(POLICY, mean.dtype), axis=1)
    rows = mean[:, None] * a + deviation[:, None] * b
    reached = largest[:, None] >= rows
    last = len(POLICY) - 1
    first = tf.argmax(tf.concat([reached[:, :last], tf.ones_like(reached[:, :1])], 1), axis=1)
    row = tf.minimum(first + min(offset, last), last)
    return tf.gather(rows, row, axis=1, batch_dims=1)
