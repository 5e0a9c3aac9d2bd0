"""Where the windows of gated units lie, for the twins."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def of(
    places: tf.Tensor,
    x_shape: Sequence[int | tf.Tensor],
    size: Sequence[int | tf.Tensor],
    layer: dict[str, Sequence[int] | int],
) -> tuple[tf.Tensor, tf.Tensor]:
    """The positions under some units' windows, and which of them are inside the input.

    Args:
        places: int64, units × (image, row, column, channel) of the gates.
        x_shape: Of the input.
        size: Height and width of a window.
        layer: Strides, padding and dilations.

    Returns:
        positions: int64, units × height × width: image · rows · columns + row · columns +
            column; 0 outside the input.
        inside: bool, like `positions`.
    """
    _, height, width, _ = x_shape
    row = _axis(places[:, 1], size[0], layer, 0)[:, :, None]
    column = _axis(places[:, 2], size[1], layer, 1)[:, None]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    position = (places[:, 0, None, None] * height + row) * width + column
    return tf.where(inside, position, tf.zeros([], tf.int64)), inside


def _axis(index: tf.Tensor, size: int, layer: dict, axis: int) -> tf.Tensor:
    start = index * layer["strides"][axis] - layer["padding"][2 * axis]
    return start[:, None] + tf.range(size, dtype=tf.int64) * layer["dilations"][axis]
