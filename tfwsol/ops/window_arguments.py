"""Strides, sizes and padding of windows as a caller may write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

Pair: TypeAlias = int | Sequence[int]
Padding: TypeAlias = int | Sequence[Sequence[int]]


def pair(name: str, value: Pair) -> list[int]:
    """The value for height and for width.

    Raises:
        ValueError: It is neither an integer nor two of them.
    """
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "iu" or numbers.shape not in ((), (2,)):
        raise ValueError(f"{name} is an integer or one for height and width; got {value!r}.")
    return [int(number) for number in np.broadcast_to(numbers, 2)]


def four_sides(padding: Padding) -> list[int]:
    """The padding at the top, bottom, left and right.

    Raises:
        ValueError: It is neither an integer for every side nor a pair of pairs.
    """
    try:
        numbers = np.asarray(padding)
    except ValueError:  # rows of different lengths
        numbers = np.empty(0)
    if numbers.dtype.kind not in "iu" or numbers.shape not in ((), (2, 2)):
        raise ValueError(
            "padding is an integer for every side or ((top, bottom), (left, right)); got "
            f"{padding!r}."
        )
    return [int(number) for number in np.broadcast_to(numbers, (2, 2)).ravel()]
