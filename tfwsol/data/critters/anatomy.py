"""The body plan that all critters share, whatever their class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .head import Head, grow_head
from .legs import Leg, Torso, grow_legs
from .outlines import Outline, capsule, ellipse, hull, pebble, point, rotation
from .tail import Tail, grow_tail

_POSES = ("stand", "trot", "sit", "lie")
_POSE_SHARES = (0.40, 0.25, 0.20, 0.15)
_PITCHES = {"stand": (-0.15, 0.15), "trot": (-0.20, 0.15), "sit": (-0.95, -0.55)}
_PITCHES["lie"] = (-0.12, 0.10)


class Anatomy(NamedTuple):
    """The outlines of one critter facing right, in body lengths, y down.

    Attributes:
        pose: "stand", "trot", "sit" or "lie".
        torso: Hull of chest, belly and rump.
        back: 2 × 2 matrix of the torso's own frame: x from rump to chest, y across.
        half_length: Distance from the torso's middle to the chest.
        belly: A patch under the torso.
        neck: A tube from the chest into the head.
        near_legs, far_legs: Hind and front leg of either side.
        tail: The tail.
        head: The head.
    """

    pose: str
    torso: Outline
    back: np.ndarray
    half_length: float
    belly: Outline
    neck: Outline
    near_legs: list[Leg]
    far_legs: list[Leg]
    tail: Tail
    head: Head

    def outlines(self) -> list[Outline]:
        """Every outline whose union is the silhouette."""
        legs = [part for leg in (*self.far_legs, *self.near_legs) for part in leg.outlines]
        return [*legs, self.tail.outline, self.torso, self.neck, *self.head_outlines()]

    def head_outlines(self) -> list[Outline]:
        """The outlines whose union is the head: face and ears."""
        face = ellipse(np.zeros(2), (1.0, 1.0))
        return [self.head.to_body(part) for part in (face, *self.head.ears)]


def _neck_angle(pose: str, rng: np.random.Generator) -> float:
    """Radians above the horizontal: mostly upright, sometimes grazing or looking back."""
    draw, position = rng.random(2)
    if draw < 0.72:
        low, high = 0.35, 1.25
    elif draw < 0.88:
        low, high = -0.45, 0.30
    else:
        low, high = 1.70, 2.20
    angle = low + (high - low) * position
    return max(angle, 0.6) if pose == "sit" else angle


def grow(rng: np.random.Generator) -> Anatomy:
    """A critter of random pose and proportions.

    Args:
        rng: The image's ``shape`` stream; always advanced by the same number of draws.
    """
    pose = _POSES[int(np.searchsorted(np.cumsum(_POSE_SHARES), rng.random()))]
    pitch, half_length = rng.uniform(*_PITCHES[pose]), rng.uniform(0.34, 0.50)
    back = rotation(pitch)
    chest, rump = back @ (half_length, 0.0), back @ (-half_length, 0.0)
    chest_radius, rump_radius = rng.uniform(0.19, 0.26), rng.uniform(0.17, 0.25)
    belly_radius, phases = rng.uniform(0.18, 0.23), rng.uniform(0.0, 2 * np.pi, (3, 2))
    centers = (chest, rump, back @ (0.0, 0.04))
    radii = (chest_radius, rump_radius, belly_radius)
    torso = hull(
        *(pebble(c, (r, r), p, 0.05) for c, r, p in zip(centers, radii, phases, strict=True))
    )
    near, far = grow_legs(pose, Torso(chest, chest_radius, rump, rump_radius), rng)
    tail = grow_tail(rump, rump_radius, rng)
    angle, head_radius = _neck_angle(pose, rng), rng.uniform(0.215, 0.28)
    reach = rng.uniform(0.24, 0.38) + 0.35 * head_radius
    head_center = chest + reach * point(np.cos(angle), -np.sin(angle))
    return Anatomy(
        pose=pose,
        torso=torso,
        back=back,
        half_length=half_length,
        belly=ellipse(back @ (0.05, 0.6 * belly_radius + 0.04), (0.8 * half_length, 0.12), pitch),
        neck=capsule(chest, head_center, (0.80 * chest_radius, 0.62 * head_radius)),
        near_legs=near,
        far_legs=far,
        tail=tail,
        head=grow_head(head_center, head_radius, rng),
    )
