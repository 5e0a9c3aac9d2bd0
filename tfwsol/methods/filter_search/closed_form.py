"""The global optimum without a search, where the tail of the network allows it.

Derived for tfwsol, not in the paper: with a pooled linear tail the class-specific objective is
linear in the filter and the class-oblivious one a trust-region problem on the unit sphere.
"""

from __future__ import annotations

import functools

import tensorflow as tf

from tfwsol.methods.filter_search.objective import (
    LinearObjective,
    Objective,
    QuadraticObjective,
    ReluObjective,
)
from tfwsol.methods.filter_search.search_result import SearchResult

_NEWTON_STEPS = 40
_TINY = 1e-30


def closed_form(objective: Objective, height: int, width: int) -> SearchResult:
    """The unit filters of least loss, for the three objectives that have a closed form.

    Args:
        objective: A linear, ReLU or quadratic objective.
        height: Cells of the map along its rows axis.
        width: Cells of the map along its columns axis.

    Raises:
        ValueError: If the objective has none.
    """
    filters = _minimiser(objective, height, width)
    rows = tf.shape(filters)[0]
    return SearchResult.without_film(
        filters, objective(filters), tf.zeros((rows,), tf.int32), tf.ones((rows,), tf.bool)
    )


def has_closed_form(objective: Objective) -> bool:
    """True for the objectives that `closed_form` takes."""
    return isinstance(objective, LinearObjective | ReluObjective | QuadraticObjective)


@functools.singledispatch
def _minimiser(objective: Objective, height: int, width: int) -> tf.Tensor:
    raise ValueError(
        "solver='exact' needs a tail of (ReLU and) global average pooling and a linear classifier, "
        "and class-oblivious maps no ReLU; use solver='auto' or 'lbfgs', or cut at a later layer."
    )


@_minimiser.register
def _(objective: LinearObjective, height: int, width: int) -> tf.Tensor:
    """f* = -g / ‖g‖; where the class has no slope at all, the uniform filter."""
    return _unit(-objective.slope)


@_minimiser.register
def _(objective: ReluObjective, height: int, width: int) -> tf.Tensor:
    """Each cell takes the better sign and weighs what it gains; with no gain, the least loss."""
    better = tf.minimum(objective.positive, objective.negative)
    sign = tf.where(objective.positive <= objective.negative, 1.0, -1.0)
    gain = tf.nn.relu(-better)
    flat = tf.reshape(better, (-1, height * width))
    cheapest = tf.one_hot(tf.argmin(flat, axis=1), height * width)
    cheapest = tf.reshape(cheapest, tf.shape(better))
    any_gain = tf.reduce_max(gain, axis=(1, 2, 3), keepdims=True) > 0
    return sign * _unit(tf.where(any_gain, gain, cheapest))


@_minimiser.register
def _(objective: QuadraticObjective, height: int, width: int) -> tf.Tensor:
    """(Q + λ) f = Q 1 with ‖f‖ = 1, the root of the secular equation found by Newton's method.

    Where even λ = 0 leaves f inside the sphere, the loss is zero whatever is added where Q sees
    nothing; what is left of the uniform filter there brings f to unit length.
    """
    values, vectors = objective.values, objective.vectors
    ones = tf.reduce_sum(vectors, axis=1)
    shift = _secular_root(values, values * ones)
    weights = values * ones / tf.maximum(values + shift, _TINY)
    filters = tf.einsum("rpi,ri->rp", vectors, weights)
    unseen = 1.0 - tf.einsum("rpi,ri->rp", vectors, ones)
    short = tf.sqrt(tf.maximum(1.0 - tf.reduce_sum(filters**2, axis=1, keepdims=True), 0.0))
    rest = short * unseen / tf.maximum(tf.norm(unseen, axis=1, keepdims=True), _TINY)
    filters = filters + tf.where(shift > 0, tf.zeros_like(rest), rest)
    return _unit(tf.cast(tf.reshape(filters, (-1, 1, height, width)), tf.float32))


def _secular_root(values: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """λ ≥ 0 with Σ (target / (values + λ))² = 1; 0 where even λ = 0 stays inside the sphere.

    Newton on 1/‖f(λ)‖ - 1, concave, from the lower bound ‖target‖ - max(values): it rises to the
    root monotonically.
    """
    norm = tf.norm(target, axis=1, keepdims=True)
    # Never quite zero, so that unseen directions stay finite on the way.
    floor = values[:, -1:] * 1e-12 + _TINY
    shift = tf.maximum(norm - values[:, -1:], floor)

    def newton(_: tf.Tensor, shift: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        ratio = target / (values + shift)
        square = tf.reduce_sum(ratio**2, axis=1, keepdims=True)
        cube = tf.reduce_sum(ratio**2 / (values + shift), axis=1, keepdims=True)
        step = square / tf.maximum(cube, _TINY) * (tf.sqrt(square) - 1.0)
        return _ + 1, tf.maximum(shift + step, floor)

    _, shift = tf.while_loop(lambda step, _: step < _NEWTON_STEPS, newton, (tf.constant(0), shift))
    return tf.where(shift <= floor, tf.zeros_like(shift), shift)


def _unit(filters: tf.Tensor) -> tf.Tensor:
    """Every row over its norm; a row of zeros becomes the uniform filter."""
    norm = tf.norm(filters, axis=(2, 3), keepdims=True)
    filters = tf.where(norm > 0, filters, 1.0)
    return filters / tf.norm(filters, axis=(2, 3), keepdims=True)
