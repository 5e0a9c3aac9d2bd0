"""VGG16 with a global average in place of its fully connected layers."""

from __future__ import annotations

import os

import keras

from tfwsol.backbones.keras_weights import copy_keras_weights
from tfwsol.backbones.logits import with_logits
from tfwsol.backbones.zero_border import pooled

_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
LAYERS = tuple(
    name
    for block, (_, count) in enumerate(_BLOCKS, start=1)
    for name in (*(f"conv{block}_{place}" for place in range(1, count + 1)), f"pool{block}")
)
"""Convolutions (each with its ReLU) and pools in order; not every variant has every pool."""


def vgg16(
    num_classes: int | None = 1000,
    large_feature_map: bool = False,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    pool_sizes: tuple[int, ...] = (2, 2, 2, 2),
    weights: str | os.PathLike[str] | None = None,
) -> keras.Model:
    """The VGG16-GAP of the localization papers, output stride 16 or 8.

    The thirteen convolutions ``conv1_1`` … ``conv5_3`` with ReLU, pools ``pool1`` … ``pool4``
    and no fifth one, ``conv6`` (3 × 3, 1024 filters, ReLU), a global average and a dense layer.
    A 224-pixel image leaves a map of 14 × 14, or 28 × 28 with the large feature map.

    Args:
        num_classes: Width of the output; None: the network ends with ``conv5_3`` (and a fifth
            pool), without ``conv6`` and class layer.
        large_feature_map: Leaves ``pool4`` out; same weights. With five pools it stays with
            stride 1 instead.
        input_shape: Height, width and channels; the sides may be None.
        pool_sizes: Window sides of the pools. Pools of 3 have a symmetric border of one cell;
            a fifth pool has stride 1. wsolevaluation uses (3, 3, 3, 3, 3) for ACoL and
            (2, 2, 2, 3) for SPG.
        weights: Of the thirteen convolutions. None: untrained; "imagenet": those of
            `keras.applications.VGG16`, downloaded or from Keras' cache, or a file that fits it
            with ``include_top=False``. For torchvision's see `file_weights`.

    Returns:
        A functional model from preprocessed images to float32 logits, or to the last map.
        Weights of torchvision expect RGB / 255 with ImageNet's mean and deviation, those of
        Caffe and Keras BGR minus the mean.

    Raises:
        ValueError: The number of classes is not positive, or there are not four or five pools
            of 2 or 3 cells.
        ModelError: The weights cannot be had or do not fit.
    """
    if len(pool_sizes) not in (4, 5) or not set(pool_sizes) <= {2, 3} or pool_sizes[4:] == (2,):
        raise ValueError(
            "Expected four pools of 2 or 3 cells and perhaps a fifth one of 3, got "
            f"pool_sizes={tuple(pool_sizes)}."
        )
    image = keras.Input(input_shape, name="image")
    x = image
    for block, (filters, count) in enumerate(_BLOCKS, start=1):
        for place in range(1, count + 1):
            x = _convolution(x, filters, f"conv{block}_{place}")
        if block > len(pool_sizes) or (block == 4 and large_feature_map and len(pool_sizes) == 4):
            continue
        strides = 1 if block == 5 or (block == 4 and large_feature_map) else 2
        x = pooled(x, pool_sizes[block - 1], strides, f"pool{block}")
    if num_classes is not None:
        x = with_logits(_convolution(x, 1024, "conv6"), num_classes)
    model = keras.Model(image, x, name="vgg16")
    if weights is not None:
        convolutions = [layer for layer in model.layers if layer.name in LAYERS]
        variables = [variable for layer in convolutions for variable in layer.weights]
        copy_keras_weights(variables, "VGG16", weights, {"include_top": False})
    return model


def _convolution(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    kernel = keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    return keras.layers.Conv2D(
        filters, 3, padding="same", activation="relu", kernel_initializer=kernel, name=name
    )(x)
