"""The scalings of images that trained weights expect, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

Scaling = Callable[[Any], Any]
"""From float32 RGB 0..255, batch × height × width × 3, to what a network takes."""


def scaling(mode: str) -> Scaling:
    """The scaling of that name, which leaves the caller's images alone.

    Args:
        mode: "tf", "torch", "torch, BGR" or "caffe", as `usual_scaling` explains them.

    Returns:
        From NumPy arrays or tensors to float32 of the same shape and kind.
    """
    name, _, turned = mode.partition(", ")

    def scale(images: Any) -> Any:
        scaled = keras.applications.imagenet_utils.preprocess_input(images, mode=name)
        return scaled[..., ::-1] if turned else scaled

    return on_a_copy(scale)


def on_a_copy(scale: Scaling) -> Scaling:
    """The same scaling, but for NumPy images, which Keras' own ones change in place."""

    def scaled(images: Any) -> Any:
        return scale(images if keras.ops.is_tensor(images) else np.array(images, np.float32))

    return scaled
