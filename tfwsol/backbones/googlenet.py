"""GoogLeNet, the first Inception, with batch normalisation."""

from __future__ import annotations

import os

import keras

from tfwsol.backbones.keras_file import set_from_keras_file
from tfwsol.backbones.logits import with_logits
from tfwsol.backbones.normalised_convolution import normalised_convolution
from tfwsol.backbones.zero_border import pooled_to_ceiling

_BLOCKS = {
    "inception3a": (64, 96, 128, 16, 32, 32),
    "inception3b": (128, 128, 192, 32, 96, 64),
    "pool3": 3,
    "inception4a": (192, 96, 208, 16, 48, 64),
    "inception4b": (160, 112, 224, 24, 64, 64),
    "inception4c": (128, 128, 256, 24, 64, 64),
    "inception4d": (112, 144, 288, 32, 64, 64),
    "inception4e": (256, 160, 320, 32, 128, 128),
    "pool4": 2,
    "inception5a": (256, 160, 320, 32, 128, 128),
    "inception5b": (384, 192, 384, 48, 128, 128),
}
"""Filters of a block: 1 × 1; two branches of reduction and 3 × 3; behind the pool. Or a pool."""


def googlenet(
    num_classes: int | None = 1000,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    dropout_rate: float = 0.2,
    weights: str | os.PathLike[str] | None = None,
) -> keras.Model:
    """The GoogLeNet of torchvision: InceptionV1 with batch normalisation, output stride 32.

    ``conv1`` (7 × 7, stride 2), ``conv2``, ``conv3``, the blocks ``inception3a`` …
    ``inception5b``, whose joining layer carries the block's name, and ``pool1`` … ``pool4``,
    whose last windows may reach beyond the border (ceil mode). As in
    torchvision the third branch of a block has 3 × 3 windows where the paper has 5 × 5, there is
    no local response normalisation, and the last pool has 2 × 2 cells. The two auxiliary
    classifiers are left out. A 224-pixel image leaves 7 × 7 × 1024.

    Source: Szegedy et al., "Going Deeper with Convolutions", CVPR 2015; torchvision's layers.

    Args:
        num_classes: Width of the output; None: the network ends with ``inception5b``.
        input_shape: Height, width and channels; the sides may be None.
        dropout_rate: Before the class layer.
        weights: A Keras file of this network's weights, such as `checkpoints.convert` writes;
            the head's are taken over where it has as many classes. None: untrained. For
            torchvision's own files see `checkpoints.convert`.

    Returns:
        A functional model from images to float32 logits, or to the last map. torchvision's
        trained weights, once Google's, expect RGB / 127.5 - 1.

    Raises:
        ValueError: The number of classes is not positive or the dropout impossible.
        ModelError: The weights cannot be had or do not fit.
    """
    image = keras.Input(input_shape, name="image")
    x = normalised_convolution(image, 64, 7, "conv1", strides=2)
    x = pooled_to_ceiling(x, 0, "pool1")
    x = normalised_convolution(x, 64, 1, "conv2")
    x = normalised_convolution(x, 192, 3, "conv3")
    x = pooled_to_ceiling(x, 0, "pool2")
    for name, filters in _BLOCKS.items():
        if isinstance(filters, int):
            x = pooled_to_ceiling(x, 0, name, size=filters)
        else:
            x = _block(x, name, *filters)
    outputs = x
    if num_classes is not None:
        outputs = with_logits(x, num_classes, dropout=dropout_rate)
    model = keras.Model(image, outputs, name="googlenet")
    if weights is not None:
        set_from_keras_file(model, weights, last=x)
    return model


def _block(
    x: keras.KerasTensor,
    name: str,
    single: int,
    reduction_2: int,
    filters_2: int,
    reduction_3: int,
    filters_3: int,
    behind_pool: int,
) -> keras.KerasTensor:
    """The joined results of four branches, named as torchvision counts them."""
    results = [normalised_convolution(x, single, 1, f"{name}_branch1")]
    for branch, reduction, filters in ((2, reduction_2, filters_2), (3, reduction_3, filters_3)):
        y = normalised_convolution(x, reduction, 1, f"{name}_branch{branch}_0")
        results.append(normalised_convolution(y, filters, 3, f"{name}_branch{branch}_1"))
    y = keras.layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_branch4_0")(x)
    results.append(normalised_convolution(y, behind_pool, 1, f"{name}_branch4_1"))
    return keras.layers.Concatenate(name=name)(results)
