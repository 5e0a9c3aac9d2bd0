"""Objects that lie about behind the critter and wear the same colours as critters do.

Their colours, spots and stripes come from the critters' palettes, but are drawn without
knowledge of the class or of the critter in the same picture.
"""

from __future__ import annotations

import numpy as np

from .canvas import blend, coverage, rim_shade
from .palette import CLUTTER_JITTER, COATS, MARKS, Color, jitter
from .props import PROPS, Prop

_MARGIN = 1.5


def _color(rng: np.random.Generator) -> Color:
    palette = COATS if rng.random() < 0.6 else MARKS
    return jitter(palette[int(rng.integers(len(palette)))], CLUTTER_JITTER, rng)


def _stamp(canvas: np.ndarray, center: np.ndarray, radius: float, prop: Prop) -> None:
    """Lays one object, rim-shaded like the critter, on the canvas."""
    size = canvas.shape[0]
    low = np.floor(np.maximum(center - _MARGIN * radius, 0)).astype(int)
    high = np.ceil(np.minimum(center + _MARGIN * radius, size)).astype(int)
    if (high - low).min() < 2:
        return
    window = canvas[low[1] : high[1], low[0] : high[0]]

    def locate(outline: np.ndarray) -> np.ndarray:
        return outline * radius + (center - low)

    shape = window.shape[:2]
    covered = coverage(shape, map(locate, prop.silhouette))
    layer = np.empty_like(window)
    layer[:] = prop.color.astype(np.uint8)
    prop.paint(layer, locate)
    light = np.linspace(1.08, 0.86, shape[0], dtype=np.float32)[:, None]
    tone = light * rim_shade(covered, 0.62, 1.02, max(0.22 * radius, 2.0))
    blend(window, np.clip(layer * tone[..., None], 0, 255), covered)


def scatter_clutter(canvas: np.ndarray, rng: np.random.Generator) -> None:
    """Lays none to two large and three to seven small objects anywhere on the canvas.

    Args:
        canvas: uint8, size × size × 3, RGB.
        rng: The image's ``scene`` stream.
    """
    size = canvas.shape[0]
    large, small = int(rng.integers(0, 3)), int(rng.integers(3, 8))
    for number in range(large + small):
        low, high = (0.12, 0.22) if number < large else (0.04, 0.10)
        radius, center = rng.uniform(low, high) * size, rng.uniform(0.0, size, 2)
        prop = PROPS[int(rng.integers(len(PROPS)))](_color(rng), rng)
        _stamp(canvas, center, radius, prop)
