"""Light and fur on a critter: dark edges, a bright back, a shadow under the chin."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from .canvas import rim_shade

_FUR_STRENGTH = 0.16


class Silhouette(NamedTuple):
    """How far each part of a critter covers each pixel; all uint8, height × width.

    Attributes:
        near: Torso, neck and near legs.
        far: Far legs and tail.
        head: Face and ears.
        whole: The union.
    """

    near: np.ndarray
    far: np.ndarray
    head: np.ndarray
    whole: np.ndarray


def _hair(shape: tuple[int, int], canvas_size: int, rng: np.random.Generator) -> np.ndarray:
    """Streaky noise around 0 whose grain keeps its size relative to the picture."""
    kernel = (max(1, round(5 * canvas_size / 192)), max(1, round(2 * canvas_size / 192)))
    # The blur weakens noise by the root of its area; at 96 pixels, 5 × 2, it is left as it is.
    strength = np.float32(_FUR_STRENGTH * (kernel[0] * kernel[1] / 10) ** 0.5)
    return cv2.blur(strength * rng.standard_normal(shape, np.float32), kernel)


def shade_fur(
    layer: np.ndarray,
    silhouette: Silhouette,
    reach: float,
    canvas_size: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """The painted critter under light, float32 RGB.

    Args:
        layer: uint8, height × width × 3: the flat colours.
        silhouette: Where each part lies.
        reach: Square root of the critter's box area in pixels.
        canvas_size: Side of the whole canvas in pixels.
        rng: The image's ``paint`` stream.
    """
    shape, depth = layer.shape[:2], 0.075 * reach
    near, far = (rim_shade(part, 0.62, 1.02, depth) for part in silhouette[:2])
    body = np.where(silhouette.near > 127, near, far)
    body *= np.linspace(1.08, 0.86, shape[0], dtype=np.float32)[:, None]
    width = max(3, round(0.11 * reach))
    chin = cv2.blur(cv2.blur(silhouette.head, (width, width)), (width, width))
    body *= 1.0 - chin * np.float32(0.32 / 255)
    head = np.maximum(rim_shade(silhouette.head, 0.80, 1.02, 0.5 * depth), np.float32(0.93))
    is_head = silhouette.head.astype(np.float32) * np.float32(1 / 255)
    hair = _hair(shape, canvas_size, rng) * (1.0 - np.float32(2 / 3) * is_head)
    tone = (body + (head - body) * is_head) * (1.0 + hair)
    return np.clip(layer * tone[..., None], 0.0, 255.0)
