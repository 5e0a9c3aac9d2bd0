"""STNet's top-down step through a dense layer, and through the bridge below a stack of them."""

from __future__ import annotations

from collections.abc import Callable

from tfwsol.ops import gating_library
from tfwsol.ops.gating_library import Tensor


def dense_gating(
    x: Tensor,
    kernel: Tensor,
    gates: Tensor,
    mode: str = "699",
    offset: int = 0,
    *,
    literal: bool = False,
    packed: bool = False,
    return_theta: bool = False,
    return_kernel_gates: bool = False,
) -> Tensor | tuple[Tensor, ...]:
    """The gates of a dense layer's input, given those of its output.

    Every unit with a gate other than zero prunes the products of its weights and inputs at its
    theta. '1' gives the whole gate to the largest product, 'ALL' shares it among all that are
    left, '699' among those of them that the 68-95-99.7 rule keeps, both in proportion to the
    products. Units whose products sum to no more than 1e-5 are dropped. Biparva and Tsotsos,
    "STNet", ICCV 2017 workshops, section 3. Types, threads and gradient are as in
    `conv_gating`.

    Args:
        x: The layer's input, batch (of any rank) × inputs.
        kernel: As Keras keeps it, inputs × outputs.
        gates: Of the output, batch × outputs.
        mode: '1', 'ALL' or '699'.
        offset: '699' only: rows of the policy table by which more is kept.
        literal: As for `conv_gating`; counts that enter mean and deviation are the published
            ones either way.
        packed: The kernel is outputs × inputs, which saves a copy of the gated outputs'
            weights in every call.
        return_theta: Also give theta, like `gates`; 0 where these are 0, −1000 where dropped.
        return_kernel_gates: Also give two arrays like `kernel`: the shares of a unit's gate
            that passed through each weight, and how many did.

    Returns:
        The gates of the input, like `x`; a tuple only when more is asked for.

    Raises:
        tf.errors.InvalidArgumentError: As for `conv_gating`; on a GPU, numbers that are not
            finite make all outputs NaN instead.
        ValueError: As for `conv_gating`.
    """
    import tensorflow as tf

    x, kernel, gates = gating_library.tensors(x, kernel=kernel, gates=gates)
    settings = {
        "mode": gating_library.checked_mode(mode, offset),
        "offset": int(offset),
        "packed": bool(packed),
        "literal": bool(literal),
        "with_theta": bool(return_theta),
        "with_kernel": bool(return_kernel_gates),
    }
    step = gating_library.compiled("dense") or _twin()
    flat = [_as_matrix(name, value) for name, value in (("x", x), ("gates", gates))]
    _check_batch(x, gates)
    below, theta, *of_kernel = step(flat[0], kernel, flat[1], **settings)
    if return_theta:
        theta = tf.reshape(theta, tf.shape(gates))
    outputs = (tf.reshape(below, tf.shape(x)), theta, *of_kernel)
    return gating_library.chosen(outputs, return_theta, return_kernel_gates)


def bridge_gating(
    gates: Tensor,
    class_gates: Tensor,
    mode: str = "699",
    offset: int = 0,
    *,
    literal: bool = False,
) -> Tensor:
    """Gates pruned as the products of one unit, then summing to the gate of their class.

    STNet's bridge stands between the dense layers and the first convolution.

    Args:
        gates: batch × channels.
        class_gates: The gate that each image started with, batch.
        mode: '1' and '699' as for `dense_gating`; 'ALL' leaves the gates as they are.
        offset: As for `dense_gating`.
        literal: As for `dense_gating`.

    Returns:
        The pruned gates, like `gates`; zero where these sum to no more than 1e-5.

    Raises:
        tf.errors.InvalidArgumentError: As for `dense_gating`.
        ValueError: As for `conv_gating`.
    """
    import tensorflow as tf

    gates, class_gates = gating_library.tensors(gates, class_gates=class_gates)
    if gating_library.checked_mode(mode, offset) == "ALL":
        return gates
    ones = tf.ones([1, tf.shape(gates)[-1]], gates.dtype)
    above = tf.expand_dims(class_gates, -1)
    return dense_gating(gates, ones, above, mode, offset, literal=literal, packed=True)


def _check_batch(x: Tensor, gates: Tensor) -> None:
    """The operation sees matrices and cannot compare batches of higher rank."""
    import tensorflow as tf

    if x.shape.rank == 2 or x.shape[:-1].is_compatible_with(gates.shape[:-1]):
        return
    wanted, got = _listed([*x.shape[:-1], "outputs"]), _listed([*gates.shape])
    sentence = f"gates is the layer's output, {wanted}; got {got}"
    raise tf.errors.InvalidArgumentError(None, None, sentence)


def _listed(shape: list[int | str | None]) -> str:
    return f"[{','.join(map(str, shape))}]"


def _as_matrix(name: str, value: Tensor) -> Tensor:
    import tensorflow as tf

    if value.shape.rank in (None, 2):
        return value
    if value.shape.rank < 2:
        raise tf.errors.InvalidArgumentError(
            None, None, f"{name} is batch × inputs or outputs; got {_listed([*value.shape])}"
        )
    last = value.shape[-1] if value.shape[-1] is not None else tf.shape(value)[-1]
    rows = tf.reduce_prod(tf.shape(value)[:-1])
    return tf.reshape(value, tf.stack([rows, last]))


def _twin() -> Callable[..., object]:
    # It imports TensorFlow, which users of other operations can do without.
    from tfwsol.ops.dense_gating_twin import dense_gating_twin

    return dense_gating_twin
