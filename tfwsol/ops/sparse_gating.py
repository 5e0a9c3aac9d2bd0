"""The gating operations on gates that are a `tf.SparseTensor`: only gated units are looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from tfwsol.ops import gating_library


def step(
    layer: str,
    twin: Callable[[], Callable[..., Any]],
    given: Sequence[tf.Tensor],
    gates: tf.SparseTensor,
    settings: Mapping[str, Any],
) -> tuple[tf.SparseTensor, tf.Tensor | None]:
    """The gates of a layer's input, and theta of each value of `gates` where there is one.

    Args:
        layer: "conv" or "pool".
        twin: Gives the layer's plain twin, which takes and gives whole tensors.
        given: The other tensors of the operation, x first.
        gates: Of the output, in any order.
        settings: The operation's attributes.

    Raises:
        tf.errors.InvalidArgumentError: As for `conv_gating`, or `gates` is malformed.
    """
    function = gating_library.compiled(f"sparse_{layer}")
    if function is None:
        below, *theta = _outputs(
            twin()(*given, tf.sparse.to_dense(tf.sparse.reorder(gates)), **settings)
        )
        return tf.sparse.from_dense(below), tf.gather_nd(theta[0], gates.indices) if theta else None
    listed = {key: value for key, value in settings.items() if key != "with_kernel"}
    indices, values, *theta = function(
        *given, gates.indices, gates.values, gates.dense_shape, **listed
    )
    shape = tf.shape(given[0], out_type=tf.int64)
    return tf.SparseTensor(indices, values, shape), theta[0] if theta else None


def _outputs(found: tf.Tensor | Sequence[tf.Tensor]) -> list[tf.Tensor]:
    return [found] if tf.is_tensor(found) else list(found[:2])
