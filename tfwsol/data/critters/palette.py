"""Colours of coats, marks and landscapes, as float RGB in 0 to 255."""

from __future__ import annotations

import numpy as np

Color = np.ndarray

COATS = np.array(
    [
        (214, 120, 50),
        (139, 90, 55),
        (150, 150, 156),
        (226, 202, 160),
        (84, 104, 140),
        (122, 128, 70),
        (170, 96, 116),
        (72, 66, 70),
    ],
    float,
)
MARKS = np.array(
    [(35, 30, 38), (245, 242, 235), (206, 44, 48), (40, 92, 200), (244, 200, 40)], float
)
CHARCOAL, WHITE = MARKS[0], MARKS[1]
LIGHT_FUR = np.array((250.0, 244.0, 230.0))
PINK = np.array((232.0, 160.0, 150.0))
INK = np.array((28.0, 22.0, 26.0))

LANDSCAPES = np.array(
    [
        [(96, 134, 70), (134, 168, 92)],  # grass
        [(110, 88, 70), (146, 120, 94)],  # soil
        [(132, 132, 128), (170, 168, 160)],  # stone
        [(202, 184, 144), (226, 212, 176)],  # sand
        [(98, 146, 172), (142, 184, 200)],  # water
        [(66, 98, 66), (104, 134, 84)],  # leaf
        [(170, 122, 96), (198, 154, 124)],  # clay
        [(98, 92, 128), (142, 128, 158)],  # dusk
    ],
    float,
)
"""Darker and lighter tone of eight natural grounds."""

COAT_JITTER, MARK_JITTER, CLUTTER_JITTER, LANDSCAPE_JITTER = 12.0, 8.0, 14.0, 16.0

_LEAST_CONTRAST = 200.0


def jitter(color: Color, strength: float, rng: np.random.Generator) -> Color:
    """The colour moved a little: a common shift of sd 0.7 s and a shift per channel of 0.5 s."""
    shift = 0.7 * strength * rng.standard_normal()
    return np.clip(color + shift + 0.5 * strength * rng.standard_normal(3), 8.0, 252.0)


def mix(first: Color, second: Color, share: float) -> Color:
    """The colour that lies ``share`` of the way from the first to the second."""
    return first + (second - first) * share


def shade(color: Color, factor: float) -> Color:
    """The colour made darker (factor < 1) or lighter, within 0 to 255."""
    return np.clip(color * factor, 0.0, 255.0)


def legible_mark(mark: Color, coat: Color) -> Color:
    """The mark's colour, or charcoal or white where the mark would drown in the coat.

    A mark whose L1 distance from the coat is below 200 becomes whichever of the two is farther
    from the coat.
    """
    if np.abs(mark - coat).sum() >= _LEAST_CONTRAST:
        return mark
    return max(CHARCOAL, WHITE, key=lambda tone: np.abs(tone - coat).sum())
