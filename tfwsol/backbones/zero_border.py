"""Windows with the explicit border of zeros that PyTorch has and Keras' "same" has not."""

from __future__ import annotations

from typing import Any

import keras


def convolved(
    x: keras.KerasTensor,
    filters: int,
    size: int,
    strides: int,
    name: str,
    symmetric: bool = True,
    **options: Any,
) -> keras.KerasTensor:
    """A convolution without bias whose border is as wide on both sides.

    Keras' "same" puts the wider border below and to the right where the stride is 2; with
    stride 1 the two agree.

    Args:
        x: Batch × height × width × channels.
        filters: Channels of the result.
        size: Odd side of the window.
        strides: Of both axes.
        name: Of the convolution; its border is called ``<name>_border``.
        symmetric: False: Keras' "same" for every stride.
        options: More arguments of `keras.layers.Conv2D`.
    """
    padding = "same"
    if symmetric and strides > 1 and size > 1:
        x = keras.layers.ZeroPadding2D(size // 2, name=f"{name}_border")(x)
        padding = "valid"
    return keras.layers.Conv2D(
        filters, size, strides=strides, padding=padding, use_bias=False, name=name, **options
    )(x)


def pooled(x: keras.KerasTensor, size: int, strides: int, name: str) -> keras.KerasTensor:
    """The greatest values of windows, for an input that is nowhere negative.

    Windows of 2 have no border, odd ones a symmetric border; a zero there never wins against a
    ReLU's output, as PyTorch's border of minus infinity never does.
    """
    if size % 2 == 0:
        return keras.layers.MaxPooling2D(size, strides, name=name)(x)
    if strides == 1:
        return keras.layers.MaxPooling2D(size, 1, padding="same", name=name)(x)
    x = keras.layers.ZeroPadding2D(size // 2, name=f"{name}_border")(x)
    return keras.layers.MaxPooling2D(size, strides, name=name)(x)


def pooled_to_ceiling(
    x: keras.KerasTensor, border: int, name: str, size: int = 3
) -> keras.KerasTensor:
    """The greatest values of windows with stride 2 in PyTorch's ceil_mode, for every input size.

    A last window may reach one row beyond the border, which one more row of zeros allows; where
    the rows come out even it changes nothing. The input is nowhere negative, so that a zero
    never wins where PyTorch's border of minus infinity does not.

    Args:
        x: Batch × height × width × channels.
        border: Rows of zeros on each side, at most half the window.
        name: Of the pool; its border is called ``<name>_border``.
        size: Side of the window, 2 or 3.
    """
    # PyTorch drops a last window that would lie in the border alone.
    last = border + 1 if border + 1 < size else border
    sides = ((border, last), (border, last))
    x = keras.layers.ZeroPadding2D(sides, name=f"{name}_border")(x)
    return keras.layers.MaxPooling2D(size, 2, name=name)(x)


def averaged(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """The averages of 3 × 3 windows, stride 1, where zeros of the border count as values."""
    x = keras.layers.ZeroPadding2D(1, name=f"{name}_border")(x)
    return keras.layers.AveragePooling2D(3, 1, name=name)(x)
