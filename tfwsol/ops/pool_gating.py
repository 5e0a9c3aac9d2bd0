"""STNet's top-down step through a pool."""

from __future__ import annotations

from collections.abc import Callable

from tfwsol.ops import gating_library
from tfwsol.ops.gating_library import Gates, Tensor
from tfwsol.ops.window_arguments import Padding, Pair, four_sides, pair


def pool_gating(
    x: Tensor,
    gates: Gates,
    pool_size: Pair = 2,
    strides: Pair | None = None,
    padding: Padding = 0,
    *,
    mode: str = "1",
    offset: int = 0,
) -> Gates:
    """The gates of a pool's input, given those of its output.

    Of the places of a window inside the input, '1' (a max-pool) gives the gate to the first of
    the largest, row by row; 'ALL' shares it among the positive ones in proportion to them;
    '699' does so among those that the 68-95-99.7 rule keeps. A gate is dropped where no place
    qualifies. Types, threads and gradient are as in `conv_gating`.

    Args:
        x: The pool's input, batch × height × width × channels.
        gates: Of its output, batch × output height × output width × channels, of the size of
            floor or ceil mode; also a `tf.SparseTensor`, as for `conv_gating`.
        pool_size: Height and width of a window.
        strides: For height and width; `pool_size` when None.
        padding: One integer for every side, or ((top, bottom), (left, right)).
        mode: '1', 'ALL' or '699'.
        offset: '699' only: rows of the policy table by which more is kept.

    Returns:
        The gates of the input, like `x`; of sparse gates sparse ones.

    Raises:
        tf.errors.InvalidArgumentError: As for `conv_gating`; on a GPU, numbers that are not
            finite make all outputs NaN instead.
        ValueError: As for `conv_gating`.
    """
    settings = {
        "pool_size": pair("pool_size", pool_size),
        "strides": pair("strides", pool_size if strides is None else strides),
        "padding": four_sides(padding),
        "mode": gating_library.checked_mode(mode, offset),
        "offset": int(offset),
    }
    if gating_library.is_sparse(gates):
        from tfwsol.ops import sparse_gating

        (x,) = gating_library.tensors(x)
        gates = gating_library.checked_sparse(x, gates)
        return sparse_gating.step("pool", _twin, (x,), gates, settings)[0]
    x, gates = gating_library.tensors(x, gates=gates)
    step = gating_library.compiled("pool") or _twin()
    return step(x, gates, **settings)


def _twin() -> Callable[..., object]:
    # It imports TensorFlow, which users of other operations can do without.
    from tfwsol.ops.pool_gating_twin import pool_gating_twin

    return pool_gating_twin
