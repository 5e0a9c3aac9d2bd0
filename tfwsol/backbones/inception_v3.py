"""InceptionV3 up to Mixed_6e with the borders of the localization benchmark."""

from __future__ import annotations

import keras

from tfwsol.backbones.logits import with_logits
from tfwsol.backbones.normalised_convolution import normalised_convolution
from tfwsol.backbones.zero_border import averaged, pooled_to_ceiling

_Branch = tuple[tuple[str, int, int | tuple[int, int]], ...]
"""Convolutions of one branch: (name, filters, window)."""


def inception_v3(
    num_classes: int | None = 1000,
    large_feature_map: bool = False,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    dropout_rate: float = 0.5,
) -> keras.Model:
    """The untrained InceptionV3 of wsolevaluation, output stride 16 or 8.

    torchvision's layers with more padding: a border at the first convolution and pools, and
    ``Mixed_6a`` with stride 1. ``Mixed_7`` and the auxiliary head are left out; two 3 × 3
    convolutions with 1024 filters and ReLU, ``head_conv1`` and ``head_conv2``, and a 1 × 1
    convolution to class maps follow ``Mixed_6e``; the logits are the means of these maps.
    Average pools count their border, as PyTorch's do. The layer that joins a block's branches
    carries the block's name, ``Mixed_5b`` … ``Mixed_6e``; a 224-pixel image leaves a map of
    14 × 14 × 768 there, or 28 × 28 × 768.

    Args:
        num_classes: Width of the output; None: the network ends with ``Mixed_6e``.
        large_feature_map: Leaves out the pool after ``Mixed_5d``; same weights.
        input_shape: Height, width and channels; the sides may be None.
        dropout_rate: Before each convolution of the head; wsolevaluation uses 0.5, and 0 for
            ADL.

    Returns:
        A functional model from preprocessed images to float32 logits, or to the last map.
        Weights of `keras.applications.InceptionV3` fit in shape, but were trained with other
        borders and averages, so they are not offered.

    Raises:
        ValueError: The number of classes is not positive.
    """
    image = keras.Input(input_shape, name="image")
    x = _stem(image)
    for letter, pool_filters in (("b", 32), ("c", 64), ("d", 64)):
        x = _block(x, f"Mixed_5{letter}", _five_branches(pool_filters))
    if not large_feature_map:
        x = pooled_to_ceiling(x, 0, "pool3")
    x = _block(x, "Mixed_6a", _SIX_A)
    for letter, width in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
        x = _block(x, f"Mixed_6{letter}", _six_branches(width))
    if num_classes is not None:
        for name in ("head_conv1", "head_conv2"):
            if dropout_rate:
                x = keras.layers.Dropout(dropout_rate, name=f"{name}_dropout")(x)
            x = keras.layers.Conv2D(1024, 3, padding="same", activation="relu", name=name)(x)
        x = with_logits(x, num_classes, form="convolution", dropout=dropout_rate)
    return keras.Model(image, x, name="inception_v3")


def _stem(x: keras.KerasTensor) -> keras.KerasTensor:
    x = normalised_convolution(x, 32, 3, "Conv2d_1a_3x3", strides=2)
    x = normalised_convolution(x, 32, 3, "Conv2d_2a_3x3", padding="valid")
    x = normalised_convolution(x, 64, 3, "Conv2d_2b_3x3")
    x = pooled_to_ceiling(x, 1, "pool1")
    x = normalised_convolution(x, 80, 1, "Conv2d_3b_1x1")
    x = normalised_convolution(x, 192, 3, "Conv2d_4a_3x3", padding="valid")
    return pooled_to_ceiling(x, 1, "pool2")


def _five_branches(pool_filters: int) -> tuple[_Branch, ...]:
    return (
        (("branch1x1", 64, 1),),
        (("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)),
        (("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)),
        (("branch_pool", pool_filters, 1),),
    )


_SIX_A: tuple[_Branch, ...] = (
    (("branch3x3", 384, 3),),
    (("branch3x3dbl_1", 64, 1), ("branch3x3dbl_2", 96, 3), ("branch3x3dbl_3", 96, 3)),
    (),
)


def _six_branches(width: int) -> tuple[_Branch, ...]:
    row, column = (1, 7), (7, 1)
    return (
        (("branch1x1", 192, 1),),
        (("branch7x7_1", width, 1), ("branch7x7_2", width, row), ("branch7x7_3", 192, column)),
        (
            ("branch7x7dbl_1", width, 1),
            ("branch7x7dbl_2", width, column),
            ("branch7x7dbl_3", width, row),
            ("branch7x7dbl_4", width, column),
            ("branch7x7dbl_5", 192, row),
        ),
        (("branch_pool", 192, 1),),
    )


def _block(x: keras.KerasTensor, name: str, branches: tuple[_Branch, ...]) -> keras.KerasTensor:
    """The joined results of all branches; the last one starts with a pool."""
    results = []
    for branch in branches:
        y = x
        if branch == ():
            y = keras.layers.MaxPooling2D(3, 1, padding="same", name=f"{name}_pool")(x)
        elif branch[0][0] == "branch_pool":
            y = averaged(x, f"{name}_pool")
        for part, filters, size in branch:
            y = normalised_convolution(y, filters, size, f"{name}_{part}")
        results.append(y)
    return keras.layers.Concatenate(name=name)(results)
