"""The optimisation loop of the two published programs, compiled, for many filters at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from tfwsol.methods.filter_search.objective import Objective
from tfwsol.methods.filter_search.search_result import SearchResult

CHECK_EVERY = 50
_FIRST_PREVIOUS_LOSS = 32767.0


@dataclasses.dataclass(frozen=True)
class Preset:
    """How one published program searches.

    Attributes:
        optimizer: "sgd" or "adam" (TF1 form: the root of v is not bias-corrected inside).
        learning_rate: Of the first iteration.
        final_learning_rate: What it falls to, linearly, over `max_iterations`.
        max_iterations: Where the loop ends if nothing stops it.
        tolerance: Stop when the loss changed by less between two checks, absolutely. Below the
            float32 spacing of the loss this asks for two equal bit patterns, as published.
        random_start: Start from normal noise, one draw per image, instead of ones.
    """

    optimizer: str
    learning_rate: float
    final_learning_rate: float
    max_iterations: int
    tolerance: float
    random_start: bool


PRESETS = {
    "pytorch": Preset("sgd", 0.5, 1e-5, 1000, 1e-6, random_start=False),
    "tf1": Preset("adam", 0.5, 0.0, 1000, 1e-6, random_start=True),
}


def published_loop(
    objective: Objective,
    constrain: Callable[[tf.Tensor], tf.Tensor],
    raw: tf.Tensor,
    preset: Preset,
    film_every: int = 0,
) -> SearchResult:
    """The filters gradient descent on raw parameters ends at; a row stops when its loss rests.

    Every 50 iterations, the first included, a row whose loss changed by less than the tolerance
    since the last check is frozen after its update, exactly as a run of its own would stop.

    Args:
        objective: Losses of filters.
        constrain: Filters from raw parameters.
        raw: The start, rows × frames × (height × width or 2), float32.
        preset: Optimiser, schedule and stopping rule.
        film_every: Keep the filter and its loss every so many iterations; 0 keeps none.
    """

    def body(i: tf.Tensor, state: tuple, film: tuple) -> tuple:
        raw, moments, previous, loss, stopped_at, running = state
        with tf.GradientTape() as tape:
            tape.watch(raw)
            filters = constrain(raw)
            losses = objective(filters)
        gradient = tape.gradient(losses, raw)
        film = _expose(film, i, film_every, filters, tf.where(running, losses, loss))
        moving = tf.reshape(running, (-1,) + (1,) * (len(raw.shape) - 1))
        step, moments = _update(preset, i, gradient, moments)
        raw = tf.where(moving, raw - step, raw)
        loss = tf.where(running, losses, loss)
        check = running & (i % CHECK_EVERY == 0)
        rests = check & (tf.abs(loss - previous) < preset.tolerance)
        previous = tf.where(check, loss, previous)
        stopped_at = tf.where(rests, i, stopped_at)
        return i + 1, (raw, moments, previous, loss, stopped_at, running & ~rests), film

    _, (raw, _, _, loss, stopped_at, running), film = tf.while_loop(
        lambda i, state, film: (i < preset.max_iterations) & tf.reduce_any(state[-1]),
        body,
        (tf.constant(0), _first_state(raw, preset), _blank_film(film_every)),
    )
    filters = constrain(raw)
    if not film_every:
        return SearchResult.without_film(filters, loss, stopped_at, ~running)
    return SearchResult(filters, loss, stopped_at, ~running, *_develop(film))


def learning_rate(preset: Preset, iteration: tf.Tensor) -> tf.Tensor:
    """The linearly falling learning rate of an iteration, float32."""
    left = 1.0 - tf.cast(iteration, tf.float32) / preset.max_iterations
    return (preset.learning_rate - preset.final_learning_rate) * left + preset.final_learning_rate


def _first_state(raw: tf.Tensor, preset: Preset) -> tuple:
    rows = tf.shape(raw)[0]
    return (
        raw,
        (tf.zeros_like(raw), tf.zeros_like(raw)) if preset.optimizer == "adam" else (),
        tf.fill((rows,), _FIRST_PREVIOUS_LOSS),
        tf.zeros((rows,)),
        tf.fill((rows,), preset.max_iterations),
        tf.ones((rows,), tf.bool),
    )


def _update(preset: Preset, i: tf.Tensor, gradient: tf.Tensor, moments: tuple) -> tuple:
    rate = learning_rate(preset, i)
    if preset.optimizer == "sgd":
        return rate * gradient, moments
    first = 0.9 * moments[0] + 0.1 * gradient
    second = 0.999 * moments[1] + 0.001 * tf.square(gradient)
    t = tf.cast(i + 1, tf.float32)
    rate = rate * tf.sqrt(1.0 - 0.999**t) / (1.0 - 0.9**t)
    return rate * first / (tf.sqrt(second) + 1e-8), (first, second)


def _blank_film(film_every: int) -> tuple[tf.TensorArray, ...]:
    if not film_every:
        return ()
    return tuple(tf.TensorArray(tf.float32, 0, dynamic_size=True) for _ in range(2))


def _expose(
    film: tuple, i: tf.Tensor, every: int, filters: tf.Tensor, loss: tf.Tensor
) -> tuple[tf.TensorArray, ...]:
    if not every:
        return film
    pictures, losses = film
    return tf.cond(
        i % every == 0,
        lambda: (pictures.write(i // every, filters), losses.write(i // every, loss)),
        lambda: (pictures, losses),
    )


def _develop(film: tuple[tf.TensorArray, ...]) -> tuple[tf.Tensor, tf.Tensor]:
    pictures, losses = (reel.stack() for reel in film)
    return tf.transpose(pictures, (1, 0, 2, 3, 4)), tf.transpose(losses)
