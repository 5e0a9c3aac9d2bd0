"""The four types of tail, in body lengths."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .outlines import Outline, bezier, ribbon

_TYPES = ("bushy", "thin", "stub", "curled")
_LENGTHS = {"bushy": (0.35, 0.60), "thin": (0.50, 0.80), "stub": (0.14, 0.20)}
_LENGTHS["curled"] = (0.45, 0.65)


class Tail(NamedTuple):
    """A tail that starts inside the rump.

    Attributes:
        outline: The whole tail.
        tip: The last third of a bushy tail, None for other types.
    """

    outline: Outline
    tip: Outline | None


def _curl(root: np.ndarray, length: float, direction: float, bend: float) -> np.ndarray:
    """A spine that winds up: the direction turns by about 1.3 half turns along its length."""
    turn = direction + np.sign(bend) * np.linspace(0.0, 4.2, 18) ** 1.15
    steps = length / 18 * np.stack([-np.cos(turn), -np.sin(turn)], axis=1)
    return root + np.cumsum(steps, axis=0) - steps[0]


def grow_tail(rump: np.ndarray, rump_radius: float, rng: np.random.Generator) -> Tail:
    """A tail of a random type, direction, bend and length at the back of a critter facing right.

    Args:
        rump: Centre (x, y) of the rump disc.
        rump_radius: Its radius.
        rng: The image's ``shape`` stream; always advanced by the same number of draws.
    """
    kind = _TYPES[int(rng.integers(4))]
    direction, bend = rng.uniform(-1.1, 1.2), rng.uniform(-0.5, 0.5)
    shortest, longest = _LENGTHS[kind]
    length = shortest + (longest - shortest) * rng.random()
    backward = np.array([-np.cos(direction), -np.sin(direction)])
    root = rump + 0.75 * rump_radius * backward
    if kind == "curled":
        spine = _curl(root, length + 0.12, direction, bend or 1.0)
        return Tail(ribbon(spine, np.linspace(0.055, 0.03, len(spine))), None)
    length += 0.25 * rump_radius
    bent = direction + bend
    control = root + 0.5 * length * backward
    end = control + 0.5 * length * np.array([-np.cos(bent), -np.sin(bent)])
    spine = bezier(root, control, end)
    t = np.linspace(0.0, 1.0, len(spine))
    if kind == "bushy":
        widths = 0.04 + 0.095 * np.sin(np.pi * t**0.8) ** 0.8
        widths[-1] = 0.012
        return Tail(ribbon(spine, widths), ribbon(spine[9:], widths[9:] + 0.01))
    widths = np.linspace(0.085, 0.06, 14) if kind == "stub" else np.linspace(0.05, 0.028, 14)
    widths *= np.where(t > 0.95, 0.5, 1.0)
    return Tail(ribbon(spine, widths), None)
