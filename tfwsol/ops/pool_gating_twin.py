"""The gates of a pool's input with plain TensorFlow: what the op is held against."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tfwsol.ops import gated_units_twin as units_of
from tfwsol.ops import window_places_twin as window_places
from tfwsol.ops.layer_check_twin import check_pool


def pool_gating_twin(
    x: tf.Tensor,
    gates: tf.Tensor,
    *,
    pool_size: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[int],
    mode: str,
    offset: int,
) -> tf.Tensor:
    """The gates of the pool's input.

    Arguments are those of the operation, results and errors those of
    :func:`tfwsol.ops.pool_gating`.
    """
    layer = {"strides": strides, "padding": padding, "dilations": (1, 1), "groups": 1}
    if units_of.known(x, gates):
        check_pool(x.shape, gates.shape, {**layer, "pool_size": pool_size})
    x, gates = tf.stop_gradient(x), tf.stop_gradient(gates)
    x, gates = units_of.finite("x", x), units_of.finite("gates", gates)
    shape = units_of.dimensions(x)

    def step(places: tf.Tensor, above: tf.Tensor, below: tf.Tensor) -> tuple[tf.Tensor]:
        positions, inside = window_places.of(places, shape, pool_size, layer)
        cells = positions * shape[3] + places[:, 3, None, None]
        flat = tf.stack([tf.shape(places)[0], pool_size[0] * pool_size[1]])
        cells, inside = tf.reshape(cells, flat), tf.reshape(inside, flat)
        values = tf.where(inside, tf.gather(tf.reshape(x, [-1]), cells), tf.zeros([], x.dtype))
        kept, parts = _kept(values, inside, mode, offset)
        index = tf.where(kept)
        share = tf.gather(above, index[:, 0]) * tf.gather_nd(parts, index)
        return (units_of.add_at(below, tf.gather_nd(cells, index), share),)

    start = (tf.zeros([tf.size(x)], x.dtype),)
    (below,) = units_of.over_chunks(gates, pool_size[0] * pool_size[1], step, start)
    return tf.reshape(below, tf.shape(x))


def _kept(
    values: tf.Tensor, inside: tf.Tensor, mode: str, offset: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Which places of each window get a part of the gate, and which part."""
    if mode == "1":
        ranked = tf.where(inside, values, values.dtype.min)
        first = tf.argmax(ranked, axis=1)
        places = tf.range(tf.shape(values, out_type=tf.int64)[1])
        return inside & (places == first[:, None]), tf.ones_like(values)
    wide = tf.cast(values, tf.float64)
    kept = inside & (values > 0)
    if mode == "699":
        mean = tf.reduce_mean(wide, axis=1)
        deviation = tf.math.reduce_std(wide, axis=1)
        largest = tf.maximum(tf.reduce_max(wide, axis=1), 0)
        least = units_of.policy_threshold(largest, mean, deviation, offset)
        kept &= wide >= least[:, None]
    total = tf.reduce_sum(tf.where(kept, wide, tf.zeros_like(wide)), axis=1)
    return kept, tf.cast(wide / total[:, None], values.dtype)
