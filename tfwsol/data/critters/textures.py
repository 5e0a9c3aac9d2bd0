"""Six textures that are drawn over the ground in its own tones.

Each takes a square uint8 RGB canvas, the ground's darker and lighter tone, and the image's
``scene`` stream.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .canvas import fill, stroke
from .outlines import ellipse, leaf, point, rotation
from .palette import Color, mix, shade

Texture = Callable[[np.ndarray, Color, Color, np.random.Generator], None]


def grass(canvas: np.ndarray, dark: Color, light: Color, rng: np.random.Generator) -> None:
    """Draws short blades in three tones."""
    size = canvas.shape[0]
    roots = rng.uniform(-0.02, 1.04, (3, 55, 1, 2)) * size
    lean, height = rng.uniform(-0.4, 0.4, (3, 55, 1)), rng.uniform(0.03, 0.075, (3, 55, 1)) * size
    t = np.array([0.0, 0.5, 1.0])
    blades = np.stack([lean * height * t**2, -height * t], axis=-1) + roots
    for tone, bunch in zip((shade(dark, 0.84), dark, shade(light, 1.08)), blades, strict=True):
        stroke(canvas, bunch, tone, size / 110)


def pebbles(canvas: np.ndarray, dark: Color, light: Color, rng: np.random.Generator) -> None:
    """Scatters flat pebbles."""
    size = canvas.shape[0]
    for x, y, radius, flat, tone in rng.random((48, 5)):
        center, radii = point(x, y) * size, (0.008 + 0.022 * radius) * size
        outline = ellipse(center, (radii, radii * (0.55 + 0.3 * flat)))
        fill(canvas, outline + point(0.0, 0.006 * size), shade(dark, 0.82))
        fill(canvas, outline, shade(mix(dark, light, tone), 1.04))


def planks(canvas: np.ndarray, dark: Color, light: Color, rng: np.random.Generator) -> None:
    """Lays boards with butt joints at a small angle."""
    size = canvas.shape[0]
    turn, width = rotation(rng.uniform(-0.25, 0.25)).T, rng.uniform(0.13, 0.20)
    middle, rows = point(0.5, 0.5) * size, np.arange(-0.9, 0.9, width)
    seams = [np.array([[-0.9, y], [0.9, y]]) for y in rows]
    starts = rng.uniform(-0.8, 0.0, len(rows))
    for y, start in zip(rows, starts, strict=True):
        seams += [np.array([[x, y], [x, y + width]]) for x in (start, start + 0.75)]
    grain = rng.uniform(-0.7, 0.7, (40, 1, 2)) + np.array([[0.0, 0.0], [0.22, 0.0]])
    stroke(canvas, (line @ turn * size + middle for line in grain), shade(dark, 0.94), 1.0)
    stroke(canvas, (seam @ turn * size + middle for seam in seams), shade(dark, 0.74), size / 96)


def litter(canvas: np.ndarray, dark: Color, light: Color, rng: np.random.Generator) -> None:
    """Scatters fallen leaves."""
    size = canvas.shape[0]
    for x, y, angle, length, tone in rng.random((42, 5)):
        base, turn = point(x, y) * size, 2.0 * np.pi * angle
        along = point(np.cos(turn), np.sin(turn))
        reach = (0.035 + 0.045 * length) * size
        color = shade(mix(dark, light, tone), 0.86 + 0.26 * tone)
        fill(canvas, leaf(base, base + reach * along, 0.26 * reach), color)


def waves(canvas: np.ndarray, dark: Color, light: Color, rng: np.random.Generator) -> None:
    """Draws rows of ripples."""
    size = canvas.shape[0]
    x = np.linspace(-0.05, 1.05, 40)
    rows = np.arange(0.02, 1.0, rng.uniform(0.055, 0.085))
    phase = rng.uniform(0.0, 2.0 * np.pi, (len(rows), 1))
    period = rng.uniform(14.0, 26.0)
    y = rows[:, None] + 0.010 * np.sin(period * x + phase) + 0.006 * np.sin(7.0 * x - phase)
    crests = np.stack(np.broadcast_arrays(x, y), axis=-1) * size
    stroke(canvas, crests + point(0.0, size / 90), shade(dark, 0.92), size / 110)
    stroke(canvas, crests, shade(light, 1.05), size / 110)


def bricks(canvas: np.ndarray, dark: Color, light: Color, rng: np.random.Generator) -> None:
    """Lays courses of bricks, some a little darker, with pale joints."""
    size = canvas.shape[0]
    height, (shift_x, shift_y) = rng.uniform(0.08, 0.12), rng.uniform(-0.1, 0.0, 2)
    length = 2.3 * height
    joints = []
    for row, y in enumerate(np.arange(shift_y, 1.0, height)):
        joints.append(np.array([[0.0, y], [1.0, y]]) * size)
        for x in np.arange(shift_x - 0.5 * length * (row % 2), 1.0, length):
            joints.append(np.array([[x, y], [x, y + height]]) * size)
            if rng.random() < 0.3:
                corners = [(x, y), (x + length, y), (x + length, y + height), (x, y + height)]
                fill(canvas, np.array(corners) * size, mix(dark, light, 0.25 * rng.random()))
    stroke(canvas, joints, shade(light, 1.06), size / 96)


TEXTURES: tuple[Texture, ...] = (grass, pebbles, planks, litter, waves, bricks)
