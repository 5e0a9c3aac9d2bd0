"""The ten face marks, the one thing that makes a critter's class certain.

Marks are outlines in head coordinates (the face is the unit disc, y down). They may reach
beyond the face: whoever draws them clips them to it. Measures are jittered by ±0.05.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .classes import CLASS_NAMES
from .outlines import Outline, disc, ellipse, point, star

_X = np.linspace(-1.5, 1.5, 25)
_MIDDLE = np.exp(-((_X / 0.35) ** 2))


def _jitter(rng: np.random.Generator) -> float:
    return rng.uniform(-0.05, 0.05)


def _between(top: np.ndarray, bottom: np.ndarray) -> Outline:
    return np.concatenate([np.stack([_X, top], 1), np.stack([_X, bottom], 1)[::-1]])


def _bandit(rng: np.random.Generator) -> list[Outline]:
    top = -0.45 + _jitter(rng) + 0.08 * _MIDDLE
    return [_between(top, 0.25 + _jitter(rng) - 0.12 * _MIDDLE)]


def _blaze(rng: np.random.Generator) -> list[Outline]:
    y = np.linspace(-1.3, 1.3, 21)
    flare = 1.0 / (1.0 + np.exp(-(y - 0.2) / 0.1))
    half = 0.24 + _jitter(rng) + 0.17 * flare
    return [np.concatenate([np.stack([-half, y], 1), np.stack([half, y], 1)[::-1]])]


def _panda(rng: np.random.Generator) -> list[Outline]:
    radii = (0.36 + _jitter(rng), 0.43 + _jitter(rng))
    return [ellipse(point(s * 0.42, -0.08), radii, s * 0.45) for s in (-1.0, 1.0)]


def _rosy(rng: np.random.Generator) -> list[Outline]:
    radius = 0.30 + _jitter(rng)
    return [disc(point(side * 0.60, 0.36), radius) for side in (-1.0, 1.0)]


def _harlequin(rng: np.random.Generator) -> list[Outline]:
    side = 1.5 if rng.random() < 0.5 else -1.5
    edge = _jitter(rng)
    return [np.array([(edge, -1.5), (side, -1.5), (side, 1.5), (edge, 1.5)])]


def _tiger(rng: np.random.Generator) -> list[Outline]:
    half, length = 0.5 * (0.24 + _jitter(rng)), 0.5 + 0.1 * rng.random()
    wedges = []
    for side in (-1.0, 1.0):
        for y in (-0.50, -0.02, 0.44):
            rim = np.sqrt(1.0 - y * y)
            wedge = [(1.3, y - half), (rim - 0.1, y - half), (rim - length, y)]
            wedge += [(rim - 0.1, y + half), (1.3, y + half)]
            wedges.append(np.array(wedge) * (side, 1.0))
    crown = [(-half, -1.3), (-half, -0.9), (0.0, length - 1.0), (half, -0.9), (half, -1.3)]
    return [*wedges, np.array(crown)]


def _star(rng: np.random.Generator) -> list[Outline]:
    radius = 0.56 + _jitter(rng)
    return [star(point(0.0, -0.46), radius, 0.45, rng.uniform(-0.3, 0.3))]


def _bib(rng: np.random.Generator) -> list[Outline]:
    top = 0.12 + rng.uniform(-0.08, 0.08) - 0.10 * _MIDDLE
    return [_between(top, np.full_like(_X, 1.5))]


def _cap(rng: np.random.Generator) -> list[Outline]:
    bottom = -0.30 + rng.uniform(-0.08, 0.08) + 0.16 * _MIDDLE
    return [_between(np.full_like(_X, -1.5), bottom)]


_DOTS = np.array(
    [
        *[(-0.42, -0.66), (0.00, -0.80), (0.42, -0.66), (0.00, -0.42)],  # forehead
        *[(-0.80, -0.28), (0.80, -0.28)],  # temples
        *[(-0.76, 0.24), (0.76, 0.24)],  # cheeks
        *[(-0.50, 0.68), (0.50, 0.68)],  # chin
    ]
)


def _dapple(rng: np.random.Generator) -> list[Outline]:
    radius = 0.135 + 0.02 * rng.random()
    return [disc(dot, radius) for dot in _DOTS + rng.uniform(-0.05, 0.05, _DOTS.shape)]


_MARKS: dict[str, Callable[[np.random.Generator], list[Outline]]] = {
    "bandit": _bandit,
    "blaze": _blaze,
    "panda": _panda,
    "rosy": _rosy,
    "harlequin": _harlequin,
    "tiger": _tiger,
    "star": _star,
    "bib": _bib,
    "cap": _cap,
    "dapple": _dapple,
}


def draw_mark(label: int, rng: np.random.Generator) -> list[Outline]:
    """The outlines of the mark of class ``label`` in head coordinates, before any yaw.

    Args:
        label: Class, 0 to 9.
        rng: The image's ``paint`` stream.
    """
    return _MARKS[CLASS_NAMES[label]](rng)
