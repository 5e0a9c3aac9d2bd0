"""The four legs of a critter in each of its poses, in body lengths."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .outlines import Outline, capsule, disc, ellipse, point


class Leg(NamedTuple):
    """One leg.

    Attributes:
        outlines: The whole leg with its paw.
        sock: The lower half and the paw, the part that a pattern of socks colours.
    """

    outlines: list[Outline]
    sock: list[Outline]


class Torso(NamedTuple):
    """Centres (x, y) and radii of the discs that the legs hang on, for a critter facing right."""

    chest: np.ndarray
    chest_radius: float
    rump: np.ndarray
    rump_radius: float


def _jointed(hip: np.ndarray, length: float, swing: float, bend: float, radius: float) -> Leg:
    """A leg of two tubes below ``hip``; angles in radians from straight down, forward > 0."""
    upper, lower = swing + bend, swing - bend
    knee = hip + 0.5 * length * point(np.sin(upper), np.cos(upper))
    foot = knee + 0.5 * length * point(np.sin(lower), np.cos(lower))
    paw = ellipse(
        foot + point(0.3 * radius, -0.1 * radius), (1.45 * radius, 0.95 * radius), -swing / 3
    )
    shin = capsule(knee, foot, (radius, 0.85 * radius))
    half_shin = capsule(0.6 * knee + 0.4 * foot, foot, (radius, 0.9 * radius))
    thigh = capsule(hip, knee, (1.5 * radius, radius))
    return Leg([thigh, shin, paw], [half_shin, paw])


def _folded(hip: np.ndarray, heel: np.ndarray, reach: float, radius: float, haunch: float) -> Leg:
    """A leg that lies flat on the ground: a thigh disc at ``hip`` and a foot from ``heel`` on."""
    toe = heel + point(reach, 0.0)
    paw = ellipse(toe + point(0.2 * radius, 0.0), (1.4 * radius, radius))
    foot = capsule(heel, toe, (radius, radius))
    half_foot = capsule(0.5 * (heel + toe), toe, (1.05 * radius, radius))
    thigh = [disc(hip, haunch)] if haunch else [capsule(hip, heel, (1.3 * radius, radius))]
    return Leg([*thigh, foot, paw], [half_foot, paw])


def _walking(torso: Torso, draws: np.ndarray, swing: float) -> list[Leg]:
    radius = 0.055 + 0.030 * draws[0]
    length = 0.44 + 0.20 * draws[1]
    hips = np.array(
        [
            torso.rump + point(0.03, 0.35 * torso.rump_radius),
            torso.chest + point(-0.02, 0.40 * torso.chest_radius),
        ]
    )
    ground = hips[:, 1].mean() + length
    legs = []
    for number in range(4):
        far, front = divmod(number, 2)
        hip = hips[front] + far * point(0.09, -0.02)
        angle = swing * (2.0 * draws[2 + number] - 1.0)
        bend = (0.06 + 0.20 * draws[6 + number]) * (-1.0 if front else 1.0)
        # Paws meet the ground that the torso's pitch does not tilt; a swung leg lifts its paw.
        reach = np.clip(ground - hip[1] - 0.03 * far, 0.36, 0.72)
        legs.append(_jointed(hip, reach, angle, bend, radius))
    return legs


def _sitting(torso: Torso, draws: np.ndarray) -> list[Leg]:
    radius = 0.055 + 0.030 * draws[0]
    ground = torso.rump[1] + 0.95 * torso.rump_radius
    legs = []
    for far in range(2):
        offset = far * point(0.10, -0.03)
        hip = torso.rump + point(0.07, 0.10 * torso.rump_radius) + offset
        heel = point(torso.rump[0], ground - radius) + offset
        legs.append(_folded(hip, heel, 0.28, radius, 0.92 * torso.rump_radius))
        shoulder = torso.chest + point(0.04, 0.35 * torso.chest_radius) + offset
        swing = 0.08 * (2.0 * draws[2 + far] - 1.0)
        legs.append(
            _jointed(shoulder, ground - shoulder[1] - 0.5 * radius - 0.03 * far, swing, 0.0, radius)
        )
    return legs


def _lying(torso: Torso, draws: np.ndarray) -> list[Leg]:
    radius = 0.055 + 0.030 * draws[0]
    ground = max(
        torso.rump[1] + 0.90 * torso.rump_radius, torso.chest[1] + 0.90 * torso.chest_radius
    )
    legs = []
    for far in range(2):
        offset = far * point(0.10, -0.03)
        hip = torso.rump + point(0.06, 0.15 * torso.rump_radius) + offset
        heel = point(torso.rump[0] + 0.02, ground - radius) + offset
        legs.append(_folded(hip, heel, 0.22 + 0.08 * draws[2], radius, 0.85 * torso.rump_radius))
        elbow = point(torso.chest[0] + 0.02, ground - radius) + offset
        shoulder = torso.chest + point(0.0, 0.3 * torso.chest_radius) + offset
        legs.append(_folded(shoulder, elbow, 0.30, radius, 0.0))
    return legs


def grow_legs(pose: str, torso: Torso, rng: np.random.Generator) -> tuple[list[Leg], list[Leg]]:
    """The two near legs and the two far legs (each hind, front) of a critter facing right.

    Args:
        pose: "stand", "trot", "sit" or "lie".
        torso: Where the legs hang.
        rng: The image's ``shape`` stream; always advanced by the same number of draws.
    """
    draws = rng.random(10)
    if pose == "sit":
        legs = _sitting(torso, draws)
    elif pose == "lie":
        legs = _lying(torso, draws)
    else:
        legs = _walking(torso, draws, 0.15 if pose == "stand" else 0.75)
    return legs[:2], legs[2:]
