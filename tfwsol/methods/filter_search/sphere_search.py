"""Minimising over unit filters when the tail has no closed form: L-BFGS, or power iteration.

One turn of the compiled loop is one loss and gradient of all rows; each row keeps its own line
search and memory, and rests when it has converged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfwsol.methods.filter_search import tangent
from tfwsol.methods.filter_search.objective import Objective
from tfwsol.methods.filter_search.search_result import SearchResult

MAX_EVALUATIONS = 60
TOLERANCE = 1e-7
_MEMORY = 10
_PATIENCE = 3
_SUFFICIENT_DECREASE = 1e-4
_SHORTEST_STEP = 1e-6


class _Rows(NamedTuple):
    """Where every row is, where it heads, and what it remembers (cells of all frames flat)."""

    x: tf.Tensor  # rows × cells
    loss: tf.Tensor  # rows
    gradient: tf.Tensor  # rows × cells, tangent at x
    direction: tf.Tensor  # rows × cells: x + step · direction, brought back to the sphere
    step: tf.Tensor  # rows
    moves: tf.Tensor  # memory × rows × cells, oldest first, zeros where nothing is remembered
    turns: tf.Tensor  # memory × rows × cells: how the gradient changed along each move
    resting: tf.Tensor  # rows: accepted steps in a row that gained next to nothing
    evaluations: tf.Tensor  # rows
    running: tf.Tensor  # rows


def sphere_search(
    objective: Objective,
    start: tf.Tensor,
    method: str,
    max_evaluations: int = MAX_EVALUATIONS,
    tolerance: float = TOLERANCE,
) -> SearchResult:
    """The unit filters that descent on the sphere ends at, from the unit filters it starts at.

    L-BFGS takes its directions in the tangent plane and comes back to the sphere by normalising;
    power iteration steps towards -gradient / ‖gradient‖, which is the optimum at once where the
    objective is linear. Both halve or interpolate a step until the loss falls enough (Armijo).

    Args:
        objective: Losses of filters.
        start: float32, rows × frames × height × width, unit norm per frame.
        method: "lbfgs" or "power".
        max_evaluations: Pairs of loss and gradient after which a row stops.
        tolerance: A row has converged after three steps that each gained less than this times
            max(1, |loss|), or when no step along the gradient gains anything.
    """
    frames, cells = start.shape[1], start.shape[2] * start.shape[3]

    def evaluate(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        filters = tf.reshape(x, tf.shape(start))
        with tf.GradientTape() as tape:
            tape.watch(filters)
            losses = objective(filters)
        return losses, tf.reshape(tape.gradient(losses, filters), tf.shape(x))

    x = tf.reshape(start, (-1, frames * cells))
    advance = _advance_lbfgs if method == "lbfgs" else _advance_power
    first = _first_rows(x, *evaluate(x), advance, frames)

    def turn(rows: _Rows) -> tuple[_Rows]:
        trial = tangent.retract(rows.x, rows.step, rows.direction, frames)
        return (_judge(rows, trial, *evaluate(trial), advance, frames, tolerance),)

    (rows,) = tf.while_loop(
        lambda rows: tf.reduce_any(rows.running),
        turn,
        (first,),
        maximum_iterations=max_evaluations - 1,
    )
    filters = tf.reshape(rows.x, tf.shape(start))
    return SearchResult.without_film(filters, rows.loss, rows.evaluations, ~rows.running)


def _first_rows(
    x: tf.Tensor, loss: tf.Tensor, slope: tf.Tensor, advance: Callable, frames: int
) -> _Rows:
    count = tf.shape(x)[0]
    memory = tf.zeros((_MEMORY, *tf.unstack(tf.shape(x))))
    gradient = tangent.project(slope, x, frames)
    return _Rows(
        x=x,
        loss=loss,
        gradient=gradient,
        direction=advance(x, slope, gradient, memory, memory, frames),
        step=tf.ones((count,)),
        moves=memory,
        turns=memory,
        resting=tf.zeros((count,), tf.int32),
        evaluations=tf.ones((count,), tf.int32),
        running=tf.norm(gradient, axis=1) > 0,
    )


def _judge(
    rows: _Rows,
    trial: tf.Tensor,
    loss: tf.Tensor,
    slope: tf.Tensor,
    advance: Callable,
    frames: int,
    tolerance: float,
) -> _Rows:
    """Accepts the trial where the loss fell enough, shortens the step where it did not."""
    expected = rows.step * tangent.dot(rows.gradient, rows.direction)
    good = rows.running & (loss <= rows.loss + _SUFFICIENT_DECREASE * expected)
    bad = rows.running & ~good
    moves, turns, gradient = _remember(rows, good, trial, slope, frames)
    shorter = _interpolate(rows.step, expected, loss - rows.loss)
    # A memory that leads nowhere is forgotten once; a plain gradient that does is the end.
    lost = bad & (shorter < _SHORTEST_STEP)
    stuck = lost & ~tf.reduce_any(moves[-1] != 0, axis=1)
    forget = lost[None, :, None]
    moves, turns = tf.where(forget, 0.0, moves), tf.where(forget, 0.0, turns)
    gained = rows.loss - loss
    rests = good & (gained <= tolerance * tf.maximum(1.0, tf.abs(loss)))
    resting = tf.where(good, tf.where(rests, rows.resting + 1, 0), rows.resting)
    x = tf.where(good[:, None], trial, rows.x)
    renewed = advance(x, slope, gradient, moves, turns, frames)
    return _Rows(
        x=x,
        loss=tf.where(good, loss, rows.loss),
        gradient=gradient,
        direction=tf.where((good | lost)[:, None], renewed, rows.direction),
        step=tf.where(bad & ~lost, shorter, 1.0),
        moves=moves,
        turns=turns,
        resting=resting,
        evaluations=rows.evaluations + tf.cast(rows.running, tf.int32),
        running=rows.running & ~stuck & (resting < _PATIENCE),
    )


def _remember(
    rows: _Rows, good: tf.Tensor, trial: tf.Tensor, slope: tf.Tensor, frames: int
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Memory and gradient after the accepted moves; only moves of positive curvature count."""
    gradient = tangent.project(slope, trial, frames)
    move = tangent.project(trial - rows.x, trial, frames)
    change = gradient - tangent.project(rows.gradient, trial, frames)
    curved = tangent.dot(move, change) > 1e-10 * tf.norm(move, axis=1) * tf.norm(change, axis=1)
    keep = (good & curved)[None, :, None]
    moves = tf.where(keep, tf.concat([rows.moves[1:], move[None]], 0), rows.moves)
    turns = tf.where(keep, tf.concat([rows.turns[1:], change[None]], 0), rows.turns)
    return moves, turns, tf.where(good[:, None], gradient, rows.gradient)


def _interpolate(step: tf.Tensor, expected: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
    """The minimum of the parabola through the failed trial, within 0.1 to 0.5 of its step."""
    bend = 2.0 * (change - expected)
    best = tf.where(bend > 0, -expected * step / tf.maximum(bend, 1e-30), 0.5 * step)
    return tf.clip_by_value(best, 0.1 * step, 0.5 * step)


def _advance_lbfgs(
    x: tf.Tensor,
    slope: tf.Tensor,
    gradient: tf.Tensor,
    moves: tf.Tensor,
    turns: tf.Tensor,
    frames: int,
) -> tf.Tensor:
    return tangent.project(tangent.lbfgs_direction(gradient, moves, turns), x, frames)


def _advance_power(
    x: tf.Tensor,
    slope: tf.Tensor,
    gradient: tf.Tensor,
    moves: tf.Tensor,
    turns: tf.Tensor,
    frames: int,
) -> tf.Tensor:
    return tangent.unit(-slope, frames) - x
