"""STNet's top-down step through a convolution."""

from __future__ import annotations

from collections.abc import Callable

from tfwsol.ops import gating_library
from tfwsol.ops.gating_library import Gates, Tensor
from tfwsol.ops.window_arguments import Padding, Pair, four_sides, pair

ALPHA = 0.2
"""The paper's weight of energy against area."""


def conv_gating(
    x: Tensor,
    kernel: Tensor,
    gates: Gates,
    strides: Pair = 1,
    padding: Padding = 0,
    groups: int = 1,
    *,
    dilation: Pair = 1,
    alpha: float = ALPHA,
    literal: bool = False,
    packed: bool = False,
    return_theta: bool = False,
    return_kernel_gates: bool = False,
) -> Gates | tuple[Tensor, ...]:
    """The gates of a convolution's input, given those of its output.

    Every unit with a gate other than zero prunes the products of its weights and inputs at its
    theta, keeps the best connected group of one channel (`alpha` · sum + (1 − `alpha`) ·
    area), and shares its gate among that group in proportion to the products. Units whose
    products sum to no more than 3e-4 are dropped. Channels of exactly equal score all get the
    whole gate. Biparva and Tsotsos, "STNet", ICCV 2017 workshops, section 3.

    The result is the same for every number of threads and has no gradient. Numbers are
    float32, or float64 on the CPU.

    Args:
        x: The layer's input, batch × height × width × channels.
        kernel: As Keras keeps it, height × width × channels per group × output channels.
        gates: Of the output, batch × output height × output width × output channels; its size
            may be that of floor or of ceil mode, where windows are cut at the border. As a
            `tf.SparseTensor` only its values and their windows are read, which saves most of the
            time where few units are gated; on the CPU alone.
        strides: For height and width.
        padding: One integer for every side, or ((top, bottom), (left, right)).
        groups: Of channels.
        dilation: For height and width.
        alpha: Between 0 (area only) and 1 (energy only).
        literal: Take products of zero and below where the published code would, which lets
            NaN arise; otherwise only positive products are selected.
        packed: The kernel is output channels × height × width × channels per group, which
            saves a copy of the gated channels' weights in every call.
        return_theta: Also give theta, like `gates`; 0 where these are 0, −1000 where dropped. Of
            sparse gates, one for each value.
        return_kernel_gates: Also give two arrays like `kernel`: the shares of a unit's gate
            that passed through each weight, and how many did.

    Returns:
        The gates of the input, like `x`; a tuple only when more is asked for. Of sparse gates they
        are a `tf.SparseTensor` in the order of its cells.

    Raises:
        tf.errors.InvalidArgumentError: An argument does not fit or is not finite; the message
            names it. (While a function is traced it is a ValueError.) On a GPU, numbers that are
            not finite make all outputs NaN instead, since refusing them would mean waiting for
            the device.
        ValueError: An argument has another type or form, or the gates of the kernel are asked for
            with sparse gates.
    """
    settings = {
        "strides": pair("strides", strides),
        "padding": four_sides(padding),
        "dilations": pair("dilation", dilation),
        "groups": int(groups),
        "packed": bool(packed),
        "alpha": float(alpha),
        "literal": bool(literal),
        "with_theta": bool(return_theta),
        "with_kernel": bool(return_kernel_gates),
    }
    if gating_library.is_sparse(gates):
        return _of_sparse(x, kernel, gates, settings)
    x, kernel, gates = gating_library.tensors(x, kernel=kernel, gates=gates)
    step = gating_library.compiled("conv") or _twin()
    outputs = step(x, kernel, gates, **settings)
    return gating_library.chosen(outputs, return_theta, return_kernel_gates)


def _of_sparse(
    x: Tensor, kernel: Tensor, gates: Gates, settings: dict[str, object]
) -> Gates | tuple[Tensor, ...]:
    from tfwsol.ops import sparse_gating

    if settings["with_kernel"]:
        raise ValueError(
            "return_kernel_gates needs the gates as one tensor; tf.sparse.to_dense makes it of "
            "sparse ones."
        )
    x, kernel = gating_library.tensors(x, kernel=kernel)
    gates = gating_library.checked_sparse(x, gates)
    below, theta = sparse_gating.step("conv", _twin, (x, kernel), gates, settings)
    return (below, theta) if settings["with_theta"] else below


def pack_kernel(kernel: Tensor) -> Tensor:
    """The kernel of a convolution or dense layer with its output axis first, for `packed`."""
    import tensorflow as tf

    kernel = tf.convert_to_tensor(kernel)
    rank = kernel.shape.rank
    return tf.transpose(kernel, [rank - 1, *range(rank - 1)])


def _twin() -> Callable[..., object]:
    # It imports TensorFlow, which users of other operations can do without.
    from tfwsol.ops.conv_gating_twin import conv_gating_twin

    return conv_gating_twin
