"""AlexNet in the form with one branch, as torchvision and STNet's authors use it."""

from __future__ import annotations

import os

import keras

from tfwsol.backbones.keras_file import set_from_keras_file
from tfwsol.layers.argument_checks import check_unit_interval, check_whole_number

_POOLS = ("conv1", "conv2", "conv5")
_CELLS = 6


def alexnet(
    num_classes: int | None = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    dropout_rate: float = 0.5,
    width: float = 1.0,
    weights: str | os.PathLike[str] | None = None,
) -> keras.Model:
    """The AlexNet of "One weird trick for parallelizing convolutional neural networks".

    Five convolutions with ReLU, ``conv1`` … ``conv5`` of 64, 192, 384, 256 and 256 filters, no
    local response normalisation; ``pool1``, ``pool2`` and ``pool5`` of 3 × 3 cells, stride 2;
    ``fc6``, here a convolution of 6 × 6 cells (the same weights and results as the published
    dense layer, in the form in which STNet gates it), and the dense ``fc7`` and ``logits``. A
    map that has not 6 × 6 cells after ``pool5``, as that of a 224-pixel image has, is averaged
    to as many first, as in torchvision.

    Source: Krizhevsky, arXiv 1404.5997, 2014; torchvision's layers and weights.

    Args:
        num_classes: Width of the output; None: the network ends with ``pool5``.
        input_shape: Height, width and channels, at least 63 pixels; without classes the sides
            may be None.
        dropout_rate: Before ``fc6`` and ``fc7``.
        width: Multiplies the channels of every hidden layer; 1 as published, with 61 million
            weights.
        weights: A Keras file of this network's weights, such as `checkpoints.convert` writes;
            the class layer's are taken over where it has as many classes. None: untrained. For
            torchvision's own files see `checkpoints.convert`.

    Returns:
        A functional model from RGB / 255 with ImageNet's mean and deviation (for torchvision's
        weights) to float32 logits, or to the last map.

    Raises:
        ValueError: A number is impossible, or a classifier's sides are unknown.
        ModelError: The weights cannot be had or do not fit.
    """
    image = keras.Input(input_shape, name="image")
    trunk = _trunk(image, width)
    outputs = trunk
    if num_classes is not None:
        check_whole_number("num_classes", num_classes, 1)
        hidden = _fully_connected(trunk, dropout_rate, width)
        # Float32 under mixed precision too, since the loss takes their exponential.
        outputs = keras.layers.Dense(num_classes, dtype="float32", name="logits")(hidden)
    model = keras.Model(image, outputs, name="alexnet")
    if weights is not None:
        set_from_keras_file(model, weights, last=trunk if num_classes is None else hidden)
    return model


def _trunk(image: keras.KerasTensor, width: float) -> keras.KerasTensor:
    x = keras.layers.ZeroPadding2D(2, name="conv1_border")(image)
    x = _convolution(x, _channels(64, width), 11, "conv1", strides=4, padding="valid")
    x = keras.layers.MaxPooling2D(3, 2, name="pool1")(x)
    for name, filters, size in (
        ("conv2", 192, 5),
        ("conv3", 384, 3),
        ("conv4", 256, 3),
        ("conv5", 256, 3),
    ):
        x = _convolution(x, _channels(filters, width), size, name, padding="same")
        if name in _POOLS:
            x = keras.layers.MaxPooling2D(3, 2, name=f"pool{name[-1]}")(x)
    return x


def _fully_connected(x: keras.KerasTensor, dropout_rate: float, width: float) -> keras.KerasTensor:
    check_unit_interval("dropout_rate", dropout_rate)
    if None in x.shape[1:3]:
        raise ValueError(
            "AlexNet's dense layers need images of a known size, but input_shape has sides of "
            "None; give both, or num_classes=None for the convolutions alone."
        )
    x = _six_by_six(x)
    units = _channels(4096, width)
    x = keras.layers.Dropout(dropout_rate, name="fc6_dropout")(x)
    x = _convolution(x, units, _CELLS, "fc6", padding="valid")
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dropout(dropout_rate, name="fc7_dropout")(x)
    return keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal", name="fc7")(
        x
    )


def _six_by_six(x: keras.KerasTensor) -> keras.KerasTensor:
    if 1 in x.shape[1:3]:
        # Keras' adaptive average fails in compiled code where a side has one cell.
        repeats = tuple(_CELLS if side == 1 else 1 for side in x.shape[1:3])
        x = keras.layers.UpSampling2D(repeats, name="repeated")(x)
    if tuple(x.shape[1:3]) != (_CELLS, _CELLS):
        x = keras.layers.AdaptiveAveragePooling2D(_CELLS, name="average")(x)
    return x


def _convolution(
    x: keras.KerasTensor, filters: int, size: int, name: str, padding: str, strides: int = 1
) -> keras.KerasTensor:
    return keras.layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding=padding,
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _channels(published: int, width: float) -> int:
    if not width > 0:
        raise ValueError(f"Expected a width above 0, but {width!r} came.")
    return max(1, round(published * width))
