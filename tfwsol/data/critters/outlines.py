"""Closed outlines of simple forms: float arrays, points × (x, y), y down."""

from __future__ import annotations

import cv2
import numpy as np

Outline = np.ndarray


def _circle(points: int) -> np.ndarray:
    turn = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


_ROUND, _SMALL = _circle(32), _circle(16)
_TURN = np.linspace(0.0, 2.0 * np.pi, 32, endpoint=False)


def point(x: float, y: float) -> np.ndarray:
    """A place or a shift, as an array (x, y)."""
    return np.array([x, y], float)


def rotation(angle: float) -> np.ndarray:
    """The 2 × 2 matrix that turns column vectors by ``angle`` radians, x towards y."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


def disc(center: np.ndarray, radius: float) -> Outline:
    """A circle."""
    return np.asarray(center) + radius * _ROUND


def ellipse(center: np.ndarray, radii: tuple[float, float], angle: float = 0.0) -> Outline:
    """An ellipse whose first radius points along ``angle`` (radians)."""
    return np.asarray(center) + (_ROUND * radii) @ rotation(angle).T


def pebble(
    center: np.ndarray, radii: tuple[float, float], phases: np.ndarray, depth: float
) -> Outline:
    """An ellipse whose radius wobbles by the share ``depth``; ``phases`` holds two angles."""
    wave = np.sin(2.0 * _TURN + phases[0]) + np.sin(3.0 * _TURN + phases[1])
    return np.asarray(center) + _ROUND * radii * (1.0 + 0.5 * depth * wave)[:, None]


def hull(*outlines: Outline) -> Outline:
    """The convex hull round some outlines."""
    points = np.concatenate(outlines).astype(np.float32)
    return cv2.convexHull(points)[:, 0].astype(float)


def capsule(start: np.ndarray, end: np.ndarray, radii: tuple[float, float]) -> Outline:
    """A tube with round ends that tapers from the first radius to the second."""
    return hull(start + radii[0] * _SMALL, end + radii[1] * _SMALL)


def bezier(start: np.ndarray, control: np.ndarray, end: np.ndarray, points: int = 14) -> np.ndarray:
    """Points along a quadratic Bezier curve."""
    t = np.linspace(0.0, 1.0, points)[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end


def ribbon(spine: np.ndarray, half_widths: np.ndarray) -> Outline:
    """The band round a curve, of the given half width at each of its points."""
    along = np.gradient(spine, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * half_widths[:, None]
    return np.concatenate([spine + across, (spine - across)[::-1]])


def star(center: np.ndarray, radius: float, inner_ratio: float, angle: float) -> Outline:
    """A five-pointed star, one point up when ``angle`` is 0."""
    turn = angle - np.pi / 2 + np.arange(10) * np.pi / 5
    radii = radius * np.where(np.arange(10) % 2 == 0, 1.0, inner_ratio)
    return np.asarray(center) + radii[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def leaf(base: np.ndarray, tip: np.ndarray, half_width: float) -> Outline:
    """A lens from ``base`` to ``tip``."""
    t = np.linspace(0.0, 1.0, 9)
    spine = base + t[:, None] * (tip - base)
    return ribbon(spine, half_width * np.sin(np.pi * t**0.8))
