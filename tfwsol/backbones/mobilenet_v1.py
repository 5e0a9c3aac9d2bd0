"""MobileNetV1, Keras' own, with a class activation head and a finer last map."""

from __future__ import annotations

import os

import keras

from tfwsol.backbones.application import application


def mobilenet_v1(
    num_classes: int | None = 1000,
    output_stride: int = 16,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    alpha: float = 1.0,
    weights: str | os.PathLike[str] | None = None,
) -> keras.Model:
    """MobileNetV1 with a global average and one dense layer; a 224-pixel image leaves 14 × 14.

    The network of `keras.applications.MobileNet` with its layer names: ``conv1_relu``, then
    ``conv_pw_1_relu`` … ``conv_pw_13_relu``; ``conv_dw_12`` has stride 1 for an output stride
    of 16. Which places and stride the ADL paper used was never released.

    Args:
        num_classes: Width of the output; None: the network ends with ``conv_pw_13_relu``.
        output_stride: 32 as published, 16 or 8; same weights.
        input_shape: Height, width and channels; the sides may be None.
        alpha: Width multiplier; ImageNet weights exist for 0.25, 0.5, 0.75 and 1.
        weights: As of `application`: None, "imagenet" or a file for
            `keras.applications.MobileNet` with its 1000-class head.

    Returns:
        A functional model from RGB / 127.5 - 1 to float32 logits, or to the last map.

    Raises:
        ModelError: The weights cannot be had or do not fit.
        ValueError: The output stride is impossible or the number of classes is not positive.
    """
    model = application(
        "MobileNet", num_classes, output_stride, input_shape, weights, {"alpha": alpha}
    )
    return keras.Model(model.input, model.output, name="mobilenet_v1")
