"""SqueezeNet 1.0 and 1.1: a small network whose last convolution makes the class maps."""

from __future__ import annotations

import os

import keras

from tfwsol.backbones.keras_file import set_from_keras_file
from tfwsol.backbones.zero_border import pooled_to_ceiling
from tfwsol.layers.argument_checks import check_unit_interval, check_whole_number

_STEM = {"1.0": (96, 7), "1.1": (64, 3)}
"""Filters and window of the first convolution."""

_POOLED = {"1.0": ("conv1", "fire4", "fire8"), "1.1": ("conv1", "fire3", "fire5")}
_SQUEEZED = {2: 16, 3: 16, 4: 32, 5: 32, 6: 48, 7: 48, 8: 64, 9: 64}


def squeezenet(
    num_classes: int | None = 1000,
    version: str = "1.0",
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    dropout_rate: float = 0.5,
    weights: str | os.PathLike[str] | None = None,
) -> keras.Model:
    """SqueezeNet without its softmax, output stride 16.

    ``conv1`` with stride 2 and no border, the modules ``fire2`` … ``fire9`` (a 1 × 1
    convolution, ``fire2_squeeze1x1``, then ``fire2_expand1x1`` beside ``fire2_expand3x3``, each
    with ReLU; the layer that joins them carries the module's name), dropout, ``conv10`` (1 × 1,
    ReLU) to class maps, and their means, the logits. Pools are called after what they follow:
    ``pool1``, ``pool4`` and ``pool8`` in version 1.0, ``pool1``, ``pool3`` and ``pool5`` in 1.1.
    They have 3 × 3 cells and stride 2; their last windows may reach beyond the border (ceil
    mode). A 224-pixel image leaves 13 × 13 cells. The authors' program pads
    ``conv10`` by one cell, which torchvision and we do not.

    Source: Iandola et al., arXiv 1602.07360, 2016, table 1; torchvision's layers.

    Args:
        num_classes: Width of the output; None: the network ends with ``fire9``.
        version: "1.0", or "1.1" with the same accuracy for less than half of the work.
        input_shape: Height, width and channels; the sides may be None.
        dropout_rate: Before ``conv10``.
        weights: A Keras file of this network's weights; those of ``conv10`` are taken over where
            it has as many classes. None: untrained. For torchvision's files see
            `checkpoints.convert`.

    Returns:
        A functional model from preprocessed images to float32 logits, or to the last map. The
        authors' weights, made with Caffe, expect BGR minus the mean; torchvision's RGB / 255
        with ImageNet's mean and deviation.

    Raises:
        ValueError: The version is unknown or a number impossible.
        ModelError: The weights cannot be had or do not fit.
    """
    version = str(version)  # 1.1 is a number where it comes from a flag
    if version not in _STEM:
        raise ValueError(f"Expected version to be one of {list(_STEM)}, but {version!r} came.")
    image = keras.Input(input_shape, name="image")
    filters, size = _STEM[version]
    x = _convolution(image, filters, size, "conv1", strides=2, padding="valid")
    x = pooled_to_ceiling(x, 0, "pool1")
    for place, squeezed in _SQUEEZED.items():
        x = _fire(x, squeezed, f"fire{place}")
        if f"fire{place}" in _POOLED[version]:
            x = pooled_to_ceiling(x, 0, f"pool{place}")
    outputs = x if num_classes is None else _logits(x, num_classes, dropout_rate)
    model = keras.Model(image, outputs, name="squeezenet")
    if weights is not None:
        set_from_keras_file(model, weights, last=x)
    return model


def _fire(x: keras.KerasTensor, squeezed: int, name: str) -> keras.KerasTensor:
    x = _convolution(x, squeezed, 1, f"{name}_squeeze1x1")
    wide = [_convolution(x, 4 * squeezed, size, f"{name}_expand{size}x{size}") for size in (1, 3)]
    return keras.layers.Concatenate(name=name)(wide)


def _logits(x: keras.KerasTensor, num_classes: int, dropout_rate: float) -> keras.KerasTensor:
    check_whole_number("num_classes", num_classes, 1)
    check_unit_interval("dropout_rate", dropout_rate)
    x = keras.layers.Dropout(dropout_rate, name="dropout")(x)
    initial = keras.initializers.RandomNormal(stddev=0.01)
    # Float32 under mixed precision too, since the loss takes the logits' exponential.
    options = {"kernel_initializer": initial, "dtype": "float32"}
    x = _convolution(x, num_classes, 1, "conv10", **options)
    return keras.layers.GlobalAveragePooling2D(dtype="float32", name="logits")(x)


def _convolution(
    x: keras.KerasTensor,
    filters: int,
    size: int,
    name: str,
    strides: int = 1,
    padding: str = "same",
    **options: object,
) -> keras.KerasTensor:
    options = {"kernel_initializer": "he_normal", **options}
    return keras.layers.Conv2D(
        filters, size, strides=strides, padding=padding, activation="relu", name=name, **options
    )(x)
