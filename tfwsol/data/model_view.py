"""The view of a photograph that a model with a fixed input size sees."""

from __future__ import annotations

import numpy as np
from PIL import Image


def model_view(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The whole photograph at a model's input size; its aspect ratio is not kept.

    Nothing is cropped, so the maps of the view are the maps of the photograph. Bilinear with
    anti-aliasing when shrinking.

    Args:
        image: uint8, height × width × 3.
        size: (height, width) in pixels.

    Returns:
        float32 0..255, height × width × 3.
    """
    height, width = size
    resized = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)
