"""The border that a window layer puts around its input, side by side."""

from __future__ import annotations

from collections.abc import Sequence

Sides = tuple[tuple[int, int], tuple[int, int]]
"""((top, bottom), (left, right))."""


def border(
    padding: str,
    size: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int] = (1, 1),
) -> Sides:
    """What "valid" and "same" add, in cells; "same" puts the odd cell below and to the right.

    Args:
        padding: "valid" or "same".
        size: Height and width of the input.
        window: Of the kernel or pool.
        strides: Of both axes.
        dilation: Of both axes.
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    sides = []
    for cells, reach, stride, spread in zip(size, window, strides, dilation, strict=True):
        outputs = -(-cells // stride)
        missing = max((outputs - 1) * stride + (reach - 1) * spread + 1 - cells, 0)
        sides.append((missing // 2, missing - missing // 2))
    return sides[0], sides[1]
