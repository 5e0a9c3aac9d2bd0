"""The unit that Inception networks are made of: convolution, batch normalisation, ReLU."""

from __future__ import annotations

import keras

from tfwsol.backbones.zero_border import convolved


def normalised_convolution(
    x: keras.KerasTensor,
    filters: int,
    size: int | tuple[int, int],
    name: str,
    strides: int = 1,
    padding: str = "same",
) -> keras.KerasTensor:
    """The result of ``<name>_conv`` (no bias), ``<name>_bn`` and the ReLU called ``name``.

    Args:
        x: Batch × height × width × channels.
        filters: Channels of the result.
        size: Of the window, odd.
        name: Of the ReLU, whose output is the unit's.
        strides: Of both axes; with more than one the border is symmetric, as PyTorch's.
        padding: Keras' word, for stride 1.
    """
    if strides > 1:
        x = convolved(x, filters, size, strides, f"{name}_conv")
    else:
        x = keras.layers.Conv2D(
            filters, size, padding=padding, use_bias=False, name=f"{name}_conv"
        )(x)
    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3, name=f"{name}_bn")(x)
    return keras.layers.ReLU(name=name)(x)
