"""What a score map has to be before it is scored."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfwsol.metrics.counting_metric import as_array


def checked_maps(maps: Any) -> np.ndarray:
    """The score maps as a float64 array, unchanged.

    Args:
        maps: float64, batch × height × width, in [0, 1]. A map need not attain 0 or 1.

    Raises:
        TypeError: The maps are not float64. They are not cast here, because rounding decides
            between bins and levels: the caller knows at which step the protocol casts.
        ValueError: The rank is not 3, a map has no pixel, or holds NaN or a value outside
            [0, 1].
    """
    maps = as_array(maps)
    if maps.dtype != np.float64:
        raise TypeError(
            f"Score maps are float64; got {maps.dtype}. "
            "Cast them before they are resized and normalised."
        )
    if maps.ndim != 3 or 0 in maps.shape[1:]:
        raise ValueError(
            f"Score maps are batch × height × width; got the shape {maps.shape}. "
            "Give one map as maps[None]."
        )
    if maps.size and not (maps.min() >= 0 and maps.max() <= 1):
        raise ValueError(
            f"Score maps are in [0, 1] without NaN; got values from {maps.min()} to "
            f"{maps.max()}. Bring each map to [0, 1] by its minimum and maximum first."
        )
    return maps


def threshold_grid(step: float) -> np.ndarray:
    """The thresholds of a sweep, float64: 0, step, 2 step, … below 1.

    Raises:
        ValueError: The step is outside (0, 1].
    """
    if not 0 < step <= 1:
        raise ValueError(f"The step of the thresholds is in (0, 1]; got {step}.")
    return np.arange(0, 1, step)
