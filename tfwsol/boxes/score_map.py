"""Maps of a network as score maps: at the size and in the range that a protocol compares."""

from __future__ import annotations

import cv2
import numpy as np

from tfwsol.boxes.rules import Rule, named

INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}


def score_maps(
    maps: np.ndarray, rule: str | Rule = "wsoleval", size: tuple[int, int] | None = None
) -> np.ndarray:
    """The maps resized and brought to [0, 1] in the rule's order.

    A map that holds a NaN, or is the same everywhere, becomes zeros.

    Args:
        maps: ... × height × width, any real numbers.
        rule: A preset's name, or a rule.
        size: (height, width) wanted. None: the rule's own.

    Returns:
        ... × height × width in the rule's precision. A rule without min-max leaves the values.

    Raises:
        ValueError: The maps have no height and width.
    """
    rule = named(rule)
    maps = np.asarray(maps, rule.precision)
    if maps.ndim < 2 or 0 in maps.shape[-2:]:
        raise ValueError(f"Maps are ... × height × width; got the shape {maps.shape}.")
    size = size or rule.map_size or maps.shape[-2:]
    if rule.min_max == "before":
        maps = _min_max(maps, rule.epsilon)
    # OpenCV takes one picture at a time.
    resized = [
        cv2.resize(picture, size[::-1], interpolation=INTERPOLATIONS[rule.upsample])
        for picture in maps.reshape(-1, *maps.shape[-2:])
    ]
    resized = np.asarray(resized, rule.precision).reshape(*maps.shape[:-2], *size)
    return _min_max(resized, rule.epsilon) if rule.min_max == "after" else resized


def _min_max(maps: np.ndarray, epsilon: float) -> np.ndarray:
    low = maps - maps.min(axis=(-2, -1), keepdims=True)
    span = low.max(axis=(-2, -1), keepdims=True)
    usable = span > 0  # not where there is a NaN
    return np.divide(low, span + maps.dtype.type(epsilon), out=np.zeros_like(low), where=usable)
