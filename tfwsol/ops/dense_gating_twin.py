"""The gates of a dense layer's input with plain TensorFlow: what the op is held against."""

from __future__ import annotations

import tensorflow as tf

from tfwsol.ops import gated_units_twin as units_of
from tfwsol.ops.layer_check_twin import check_dense

PRUNING = units_of.Pruning(least=1e-5, slack=1e-4)


def dense_gating_twin(
    x: tf.Tensor,
    kernel: tf.Tensor,
    gates: tf.Tensor,
    *,
    mode: str,
    offset: int,
    packed: bool,
    literal: bool,
    with_theta: bool,
    with_kernel: bool,
) -> tuple[tf.Tensor, ...]:
    """The four outputs of the operation; theta and those of the kernel whether asked or not.

    Arguments are those of the operation, results and errors those of
    :func:`tfwsol.ops.dense_gating` for matrices.
    """
    del with_theta, with_kernel
    if units_of.known(x, kernel, gates):
        check_dense(x.shape, kernel.shape, gates.shape, packed)
    x, kernel, gates = tf.stop_gradient(x), tf.stop_gradient(kernel), tf.stop_gradient(gates)
    x, gates = units_of.finite("x", x), units_of.finite("gates", gates)
    rows = kernel if packed else tf.transpose(kernel)
    inputs = tf.shape(rows, out_type=tf.int64)[1]
    outputs = tf.shape(gates, out_type=tf.int64)[1]

    def step(places: tf.Tensor, above: tf.Tensor, *sums: tf.Tensor) -> tuple[tf.Tensor, ...]:
        products = tf.gather(x, places[:, 0]) * tf.gather(rows, places[:, 1])
        products = units_of.finite_products(products)
        theta = units_of.theta_of(products, PRUNING)
        kept, parts = _kept(products, theta, mode, offset, literal)
        index = tf.where(kept)
        part = tf.gather_nd(parts, index)
        image, output = tf.unstack(tf.gather(places, index[:, 0]), axis=1)
        share = tf.gather(above, index[:, 0]) * part
        weight = output * inputs + index[:, 1]
        below, theta_sums, kernel_gates, kernel_hits = sums
        return (
            units_of.add_at(below, image * inputs + index[:, 1], share),
            units_of.add_at(theta_sums, places[:, 0] * outputs + places[:, 1], theta),
            units_of.add_at(kernel_gates, weight, part),
            units_of.add_at(kernel_hits, weight, tf.ones_like(part)),
        )

    start = tuple(tf.zeros([tf.size(like)], x.dtype) for like in (x, gates, rows, rows))
    below, theta, *of_kernel = units_of.over_chunks(gates, inputs, step, start)
    of_kernel = [tf.reshape(flat, tf.shape(rows)) for flat in of_kernel]
    if not packed:
        of_kernel = [tf.transpose(value) for value in of_kernel]
    return tf.reshape(below, tf.shape(x)), tf.reshape(theta, tf.shape(gates)), *of_kernel


def _kept(
    products: tf.Tensor, theta: tf.Tensor, mode: str, offset: int, literal: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """Which products get a part of the gate, and which part."""
    selected = units_of.is_selected(products, theta, PRUNING, literal) & (products != 0)
    wide = tf.where(selected, tf.cast(products, tf.float64), tf.zeros([], tf.float64))
    largest = tf.reduce_max(wide, axis=1)
    if mode == "1":
        return selected & (wide >= largest[:, None]), tf.ones_like(products)
    kept = selected
    if mode == "699":
        # Mean and deviation are over all that reach the cut, zeros and below included.
        reach = units_of.is_selected(products, theta, PRUNING, literal=True)
        count = tf.reduce_sum(tf.cast(reach, tf.float64), axis=1)
        mean = tf.math.divide_no_nan(tf.reduce_sum(wide, axis=1), count)
        away = tf.where(selected, wide - mean[:, None], tf.zeros_like(wide))
        deviation = tf.sqrt(tf.math.divide_no_nan(tf.reduce_sum(away * away, axis=1), count))
        least = units_of.policy_threshold(largest, mean, deviation, offset)
        kept = selected & (wide >= least[:, None])
    total = tf.reduce_sum(tf.where(kept, wide, tf.zeros_like(wide)), axis=1)
    return kept, products / tf.cast(total, products.dtype)[:, None]
