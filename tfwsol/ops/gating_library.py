"""The compiled gating operations, and their arguments as tensors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tfwsol.ops import library

MODES = ("1", "ALL", "699")

Tensor = object
"""A `tf.Tensor`; arguments may be anything that TensorFlow converts."""

Gates = object
"""A `tf.Tensor`, or a `tf.SparseTensor` of the gates that are not zero."""


def compiled(layer: str) -> Callable[..., object] | None:
    """The operation for a kind of layer (conv, pool or dense), or None where its twin serves.

    The errors are those of :func:`tfwsol.ops.library.load`.
    """
    functions = library.load("top_down_gating")
    if functions is None:
        return None
    _declare_without_gradient()
    return getattr(functions, f"tfwsol_{layer}_gating")


@cache
def _declare_without_gradient() -> None:
    import tensorflow as tf

    for op in ("Conv", "Pool", "Dense", "SparseConv", "SparsePool"):
        tf.no_gradient(f"Tfwsol{op}Gating")


def tensors(x: Tensor, **others: Tensor) -> list[Tensor]:
    """The arguments as tensors of the type of x.

    Raises:
        ValueError: x is neither float32 nor float64, or another is a tensor of another type.
    """
    import tensorflow as tf

    x = tf.convert_to_tensor(x)
    if x.dtype not in (tf.float32, tf.float64):
        raise ValueError(f"x is float32 or float64; got {x.dtype.name}.")
    converted = [x]
    for name, value in others.items():
        try:
            converted.append(tf.convert_to_tensor(value, x.dtype))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} is {x.dtype.name} as x is: {error}") from error
    return converted


def is_sparse(gates: Gates) -> bool:
    """True for a `tf.SparseTensor`."""
    import tensorflow as tf

    return isinstance(gates, tf.SparseTensor)


def checked_sparse(x: Tensor, gates: Gates) -> Gates:
    """Sparse gates of a map, or a ValueError that says what does not fit."""
    if gates.dtype != x.dtype:
        raise ValueError(f"gates is {gates.dtype.name} where x is {x.dtype.name}; they are alike.")
    return gates


def checked_mode(mode: str, offset: int) -> str:
    """The mode, or a ValueError that names what does not fit."""
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}; got {mode!r}.")
    if offset < 0:
        raise ValueError(f"offset is the number of rows to go on, 0 or more; got {offset!r}.")
    return mode


def chosen(
    outputs: tuple[Tensor, ...], return_theta: bool, return_kernel_gates: bool
) -> Tensor | tuple[Tensor, ...]:
    """The gates alone, or a tuple of them and what else was asked for."""
    below, theta, kernel_gates, kernel_hits = outputs
    more = (theta,) * return_theta + (kernel_gates, kernel_hits) * return_kernel_gates
    return (below, *more) if more else below
