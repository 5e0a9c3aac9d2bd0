"""Gates on their way down: a whole tensor, or a list of the few that are not zero.

Of a network's gates nearly all are zero. Where the compiled operations run on the CPU they hand
on a `tf.SparseTensor`, so that no layer clears or searches a tensor of its whole size. A GPU would
have to be waited for to learn how long the list is; there, and for the twins, gates are dense.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tfwsol.ops import gating_library

Gates = tf.Tensor | tf.SparseTensor


def listed(gates: Gates) -> Gates:
    """The gates of a map as a SparseTensor where that serves, else as they are."""
    if gating_library.is_sparse(gates) or not _lists_serve():
        return gates
    return tf.sparse.from_dense(gates)


def whole(gates: Gates) -> tf.Tensor:
    """The gates as one tensor."""
    return tf.sparse.to_dense(gates) if gating_library.is_sparse(gates) else gates


def at(gates: Gates, tensor: tf.Tensor) -> tf.Tensor:
    """The values of a tensor of the shape of all gates where there are gates."""
    return tf.gather_nd(tensor, gates.indices) if gating_library.is_sparse(gates) else tensor


def kept(gates: Gates, condition: tf.Tensor) -> Gates:
    """The gates for which a condition holds, the others zero.

    Args:
        gates: The gates.
        condition: One for each, in the form of `at`.
    """
    if gating_library.is_sparse(gates):
        return tf.sparse.retain(gates, condition)
    return tf.where(condition, gates, tf.zeros_like(gates))


def scaled(gates: Gates, factors: tf.Tensor | float) -> Gates:
    """The gates times factors in the form of `at`."""
    if gating_library.is_sparse(gates):
        return gates.with_values(gates.values * factors)
    return gates * factors


def plus(gates: Gates, others: Gates) -> Gates:
    """The sums of gates of one shape."""
    if gating_library.is_sparse(gates) and gating_library.is_sparse(others):
        return tf.sparse.add(gates, others)
    return whole(gates) + whole(others)


def reshaped(gates: Gates, shape: Sequence[int] | tf.Tensor) -> Gates:
    """The same gates in the same order in another shape; -1 is what is left."""
    if gating_library.is_sparse(gates):
        return tf.sparse.reshape(gates, shape)
    return tf.reshape(gates, shape)


def transposed(gates: Gates, order: Sequence[int]) -> Gates:
    """The gates with their axes in another order."""
    if gating_library.is_sparse(gates):
        return tf.sparse.transpose(gates, order)
    return tf.transpose(gates, order)


def split(gates: Gates, sizes: Sequence[int], axis: int) -> list[Gates]:
    """The parts that lie behind each other along an axis."""
    if not gating_library.is_sparse(gates):
        return tf.split(gates, sizes, axis=axis)
    parts, first = [], 0
    for size in sizes:
        start, length = [0] * gates.dense_shape.shape[0], tf.unstack(gates.dense_shape)
        start[axis], length[axis] = first, tf.constant(size, tf.int64)
        parts.append(tf.sparse.slice(gates, tf.constant(start, tf.int64), tf.stack(length)))
        first += size
    return parts


def cropped(gates: Gates, sides: Sequence[Sequence[int]]) -> Gates:
    """The gates of a map without what lies on its sides, (top, bottom) and (left, right)."""
    (top, bottom), (left, right) = sides
    start, less = [0, top, left, 0], [0, top + bottom, left + right, 0]
    if gating_library.is_sparse(gates):
        size = gates.dense_shape - tf.constant(less, tf.int64)
        return tf.sparse.slice(gates, tf.constant(start, tf.int64), size)
    return gates[:, top : gates.shape[1] - bottom, left : gates.shape[2] - right]


def padded(gates: Gates, sides: Sequence[Sequence[int]]) -> Gates:
    """The gates of a map with no gates on its sides, (top, bottom) and (left, right)."""
    (top, bottom), (left, right) = sides
    if not gating_library.is_sparse(gates):
        return tf.pad(gates, [(0, 0), (top, bottom), (left, right), (0, 0)])
    before = tf.constant([0, top, left, 0], tf.int64)
    more = tf.constant([0, top + bottom, left + right, 0], tf.int64)
    return tf.SparseTensor(gates.indices + before, gates.values, gates.dense_shape + more)


def by_image(gates: Gates) -> tf.Tensor:
    """The sum of the gates of each image."""
    if not gating_library.is_sparse(gates):
        return tf.reduce_sum(gates, axis=range(1, gates.shape.rank))
    return tf.math.unsorted_segment_sum(gates.values, gates.indices[:, 0], gates.dense_shape[0])


def over_channels(gates: Gates) -> tf.Tensor:
    """The sums of the gates of a map over its channels."""
    if gating_library.is_sparse(gates):
        return tf.scatter_nd(gates.indices[:, :3], gates.values, gates.dense_shape[:3])
    if gates.shape[-1] < 8:  # a reduction over a few neighbours takes twice as long
        return tf.add_n(tf.unstack(gates, axis=-1))
    return tf.reduce_sum(gates, axis=-1)


def paired_channels(gates: Gates) -> Gates:
    """The sums of each two neighbouring channels of a map."""
    if not gating_library.is_sparse(gates):
        shape = [tf.shape(gates)[0], *gates.shape[1:-1], gates.shape[-1] // 2, 2]
        return tf.reduce_sum(tf.reshape(gates, shape), axis=-1)
    sums = tf.concat([gates.dense_shape[:3], gates.dense_shape[3:] // 2], axis=0)
    pairs = tf.sparse.reshape(gates, tf.concat([sums, [2]], axis=0))
    return plus(*(_slice_of_last(pairs, half, sums) for half in range(2)))


def _slice_of_last(gates: tf.SparseTensor, place: int, shape: tf.Tensor) -> tf.SparseTensor:
    chosen = tf.sparse.retain(gates, gates.indices[:, -1] == place)
    return tf.SparseTensor(chosen.indices[:, :-1], chosen.values, shape)


def _lists_serve() -> bool:
    if tf.config.list_physical_devices("GPU"):
        return False
    return gating_library.compiled("sparse_conv") is not None
