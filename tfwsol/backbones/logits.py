"""The end that all classifiers of this package share."""

from __future__ import annotations

from typing import Any

import keras

from tfwsol.layers import ClassActivationHead


def with_logits(features: keras.KerasTensor, num_classes: int, **options: Any) -> keras.KerasTensor:
    """Float32 logits of a class activation head called ``head``, batch × classes.

    Float32 under mixed precision too, since the loss takes their exponential. The head's second
    output, the class maps, stays unused here; `endpoints` finds it.

    Args:
        features: Batch × height × width × channels.
        num_classes: At least one.
        options: More arguments of `layers.ClassActivationHead`.

    Raises:
        ValueError: The number of classes is not positive.
    """
    channels = features.shape[-1]
    head = ClassActivationHead(num_classes, channels, dtype="float32", name="head", **options)
    logits, _ = head(features)
    return logits
