"""Geometry of unit filters: a sphere per frame, all frames of a row flat in one vector."""

from __future__ import annotations

import tensorflow as tf

_TINY = 1e-20
_LONGEST_MOVE = 0.5
_FIRST_MOVE = 0.5


def dot(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Inner products of rows."""
    return tf.reduce_sum(a * b, axis=-1)


def unit(x: tf.Tensor, frames: int) -> tf.Tensor:
    """Rows × cells with every frame over its norm."""
    by_frame = tf.reshape(x, (tf.shape(x)[0], frames, -1))
    norm = tf.norm(by_frame, axis=2, keepdims=True)
    return tf.reshape(by_frame / tf.maximum(norm, _TINY), tf.shape(x))


def project(vector: tf.Tensor, x: tf.Tensor, frames: int) -> tf.Tensor:
    """The part of a vector that is tangent to every frame's sphere at x."""
    points = tf.reshape(x, (tf.shape(x)[0], frames, -1))
    arrows = tf.reshape(vector, tf.shape(points))
    radial = tf.reduce_sum(points * arrows, axis=2, keepdims=True)
    return tf.reshape(arrows - radial * points, tf.shape(x))


def retract(x: tf.Tensor, step: tf.Tensor, direction: tf.Tensor, frames: int) -> tf.Tensor:
    """X + step · direction, back on the spheres."""
    return unit(x + step[:, None] * direction, frames)


def lbfgs_direction(gradient: tf.Tensor, moves: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """The two-loop recursion, row by row; downhill always, and no longer than half a radian.

    Args:
        gradient: float32, rows × cells.
        moves: float32, memory × rows × cells, oldest first; zeros count for nothing.
        turns: The change of the gradient along each move.
    """
    curvature = dot(moves, turns)
    inverse = tf.where(curvature > 0, 1.0 / tf.maximum(curvature, _TINY), 0.0)
    memory = moves.shape[0]
    direction, shares = gradient, []
    for k in reversed(range(memory)):
        shares.append(inverse[k] * dot(moves[k], direction))
        direction = direction - shares[-1][:, None] * turns[k]
    direction = direction * _first_scale(gradient, curvature[-1], turns[-1])[:, None]
    for k, share in zip(range(memory), reversed(shares), strict=True):
        back = inverse[k] * dot(turns[k], direction)
        direction = direction + (share - back)[:, None] * moves[k]
    length, steepness = tf.norm(direction, axis=1), tf.norm(gradient, axis=1)
    downhill = dot(direction, gradient) > 1e-10 * length * steepness
    direction = tf.where(downhill[:, None], direction, gradient)
    length = tf.norm(direction, axis=1, keepdims=True)
    return -direction * tf.minimum(1.0, _LONGEST_MOVE / tf.maximum(length, _TINY))


def _first_scale(gradient: tf.Tensor, curvature: tf.Tensor, turn: tf.Tensor) -> tf.Tensor:
    """The usual guess of the inverse curvature; without memory, a move of at most half a radian."""
    guess = curvature / tf.maximum(dot(turn, turn), _TINY)
    blind = tf.minimum(1.0, _FIRST_MOVE / tf.maximum(tf.norm(gradient, axis=1), _TINY))
    return tf.where(curvature > 0, guess, blind)
