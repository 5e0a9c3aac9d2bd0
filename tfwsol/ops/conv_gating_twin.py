"""The gates of a convolution's input with plain TensorFlow: what the op is held against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfwsol.ops import gated_units_twin as units_of
from tfwsol.ops import window_places_twin as window_places
from tfwsol.ops.connected_groups_twin import winning_groups
from tfwsol.ops.layer_check_twin import check_conv

PRUNING = units_of.Pruning(least=3e-4, slack=2e-4)


def conv_gating_twin(
    x: tf.Tensor,
    kernel: tf.Tensor,
    gates: tf.Tensor,
    *,
    strides: Sequence[int],
    padding: Sequence[int],
    dilations: Sequence[int],
    groups: int,
    packed: bool,
    alpha: float,
    literal: bool,
    with_theta: bool,
    with_kernel: bool,
) -> tuple[tf.Tensor, ...]:
    """The four outputs of the operation; theta and those of the kernel whether asked or not.

    Arguments are those of the operation, results and errors those of
    :func:`tfwsol.ops.conv_gating`.
    """
    del with_theta, with_kernel
    layer = {"strides": strides, "padding": padding, "dilations": dilations, "groups": groups}
    if units_of.known(x, kernel, gates):
        check_conv(x.shape, kernel.shape, gates.shape, layer, packed)
    x, kernel, gates = tf.stop_gradient(x), tf.stop_gradient(kernel), tf.stop_gradient(gates)
    x, gates = units_of.finite("x", x), units_of.finite("gates", gates)
    rows = kernel if packed else tf.transpose(kernel, [3, 0, 1, 2])
    step = _Step(x, rows, gates, layer, np.float32(alpha), literal)
    start = tuple(tf.zeros([tf.size(like)], x.dtype) for like in (x, gates, rows, rows))
    products = tf.reduce_prod(tf.shape(rows)[1:])
    below, theta, kernel_gates, kernel_hits = units_of.over_chunks(gates, products, step, start)
    of_kernel = [tf.reshape(flat, tf.shape(rows)) for flat in (kernel_gates, kernel_hits)]
    if not packed:
        of_kernel = [tf.transpose(value, [1, 2, 3, 0]) for value in of_kernel]
    return tf.reshape(below, tf.shape(x)), tf.reshape(theta, tf.shape(gates)), *of_kernel


class _Step:
    """What some of the gated units add to the four outputs."""

    def __init__(
        self,
        x: tf.Tensor,
        kernel: tf.Tensor,
        gates: tf.Tensor,
        layer: dict,
        alpha: np.float32,
        literal: bool,
    ) -> None:
        self.x, self.kernel, self.layer = x, kernel, layer
        self.gates_shape = units_of.dimensions(gates)
        self.alpha, self.literal = alpha, literal

    def __call__(
        self,
        places: tf.Tensor,
        gates: tf.Tensor,
        below: tf.Tensor,
        theta_sums: tf.Tensor,
        kernel_gates: tf.Tensor,
        kernel_hits: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        """The sums with those of the units at `places` added."""
        outputs, height, width, depth = units_of.dimensions(self.kernel)
        positions, inside = window_places.of(
            places, units_of.dimensions(self.x), (height, width), self.layer
        )
        cells = self._cells(positions, places[:, 3], outputs, depth)
        products = tf.gather(tf.reshape(self.x, [-1]), cells) * tf.gather(self.kernel, places[:, 3])
        products = tf.where(inside[..., None], products, tf.zeros([], self.x.dtype))
        flat = units_of.finite_products(
            tf.reshape(products, tf.stack([-1, height * width * depth]))
        )
        theta = units_of.theta_of(flat, PRUNING)
        selected = units_of.is_selected(flat, theta, PRUNING, self.literal)
        selected = tf.reshape(selected, tf.shape(products))
        winners, parts = winning_groups(products, selected, self.alpha)
        index = tf.where(winners & inside[..., None])
        part = tf.gather_nd(parts, index)
        unit = index[:, 0]
        weight = (tf.gather(places[:, 3], unit) * height + index[:, 1]) * width + index[:, 2]
        weight = weight * depth + index[:, 3]
        add = units_of.add_at
        return (
            add(below, tf.gather_nd(cells, index), tf.gather(gates, unit) * part),
            add(theta_sums, self._flat(places), theta),
            add(kernel_gates, weight, part),
            add(kernel_hits, weight, tf.ones_like(part)),
        )

    def _cells(
        self, positions: tf.Tensor, channel: tf.Tensor, outputs: int, depth: int
    ) -> tf.Tensor:
        """The input's cells under all products, units × height × width × depth."""
        first = channel // (outputs // self.layer["groups"]) * depth
        of_channel = first[:, None] + tf.range(depth, dtype=tf.int64)
        channels = units_of.dimensions(self.x)[3]
        return positions[..., None] * channels + of_channel[:, None, None]

    def _flat(self, places: tf.Tensor) -> tf.Tensor:
        _, height, width, channels = self.gates_shape
        image, row, column, channel = tf.unstack(places, axis=1)
        return ((image * height + row) * width + column) * channels + channel
