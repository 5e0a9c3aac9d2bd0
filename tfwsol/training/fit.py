"""Trains a localizer with a recipe, on one device or many, through kills and restarts."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from typing import Any

import keras

from tfwsol.training.distribution import Distribution
from tfwsol.training.epoch_scores import EpochScores, Score
from tfwsol.training.event_log import EventLog
from tfwsol.training.recipe import Recipe
from tfwsol.training.sgd_recipe import SGDRecipe
from tfwsol.training.step_loop import StepLoop
from tfwsol.training.training_data import Feed, TrainingData
from tfwsol.training.training_options import TrainingOptions
from tfwsol.training.training_run import BEST, LAST, TrainingRun
from tfwsol.training.training_step import TrainingStep


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What came out of a training.

    Attributes:
        model: With the weights of the chosen epoch.
        metrics: As in ``metrics.json``: one entry per epoch, which one was chosen and how.
        steps_run: Steps of this call: 0 where a finished run was found.
    """

    model: keras.Model
    metrics: Mapping[str, Any]
    steps_run: int


def fit(
    build_model: Callable[[], keras.Model],
    data: TrainingData,
    *,
    run_dir: str | os.PathLike[str],
    recipe: SGDRecipe | Recipe,
    options: TrainingOptions | None = None,
    distribution: Distribution | None = None,
    scores: Mapping[str, Score] | None = None,
    identity: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    about: Mapping[str, Any] | None = None,
    quiet: bool = False,
) -> TrainingResult:
    """Trains a model, scores it after every epoch and keeps the best weights.

    Called again with the same directory and settings it goes on from the last saved state, in the
    middle of an epoch, too, and comes to the same losses; a finished run is not repeated. On
    several machines all of them call it, with a directory that all of them see; the first one
    scores and writes.

    Args:
        build_model: Gives the network with its initial weights, in the precision of the options
            and laid out for the devices. Its loss is its own (`training_loss`, see `batch_loss`) or
            the softmax cross entropy of its first output.
        data: What to train on.
        run_dir: See `TrainingRun`; event files for TensorBoard go into ``tensorboard`` in it.
        recipe: Epochs, batch size and optimizer.
        options: None: ``TrainingOptions()``.
        distribution: Where to run; None: on one device. For several machines it has to be made
            before anything else uses TensorFlow.
        scores: By split ("val", "test"): called with the model after an epoch, gives numbers and
            pictures (uint8, number × height × width × 3) by name.
        identity: More that decides the outcome (flags, say), in forms that JSON knows.
        overwrite: Begin anew where the directory holds a run with other settings.
        about: See `TrainingRun`.
        quiet: Print nothing, and have scores print nothing.

    Raises:
        RunError: The directory holds another run or cannot be used.
        ValueError: The settings do not fit each other or the data.
        FloatingPointError: The loss is no longer a finite number.
        DiskFullError: There is no room; the run can go on when there is.
    """
    distribution = distribution or Distribution()
    loop = prepared_loop(
        build_model,
        data,
        run_dir=run_dir,
        recipe=recipe,
        options=options or TrainingOptions(),
        distribution=distribution,
        scores=scores or {},
        identity=identity or {},
        overwrite=overwrite,
        about=about,
        quiet=quiet,
    )
    before, run = loop.resume(), loop.run
    distribution.check_agreement(before, "step to go on from", "give all of them one run directory")
    if not run.finished:
        loop.go(recipe.epochs, quiet)
        loop.finish(quiet)
    if run.writes:
        run.load_weights(loop.model, BEST if "best" in run.metrics else LAST)
    return TrainingResult(loop.model, run.metrics, loop.step - before)


def prepared_loop(
    build_model: Callable[[], keras.Model],
    data: TrainingData,
    *,
    run_dir: str | os.PathLike[str],
    recipe: SGDRecipe | Recipe,
    options: TrainingOptions,
    distribution: Distribution,
    scores: Mapping[str, Score],
    identity: Mapping[str, Any],
    overwrite: bool,
    about: Mapping[str, Any] | None,
    quiet: bool,
) -> StepLoop:
    """The loop that `fit` runs, before its first step; the arguments are those of `fit`."""
    feed = Feed(data, recipe.batch_size, distribution)
    steps = getattr(recipe, "steps_per_epoch", None) or feed.steps_per_pass
    chosen = EpochScores(scores, options, distribution.is_chief, quiet)
    keras.utils.set_random_seed(options.seed)
    with distribution.scope(), options.policy():
        model = build_model()
        optimizer = options.scaled(recipe.optimizer(steps, **options.optimizer_options()))
        optimizer.build(model.trainable_variables)
    chosen.check(model)
    known = {**_identity(model, data, recipe, options), **identity}
    run = TrainingRun(run_dir, known, distribution.is_chief, overwrite, about)
    parts = (options.accumulate, options.label_smoothing, options.jit_compile)
    step = TrainingStep(model, optimizer, distribution, recipe.batch_size, *parts)
    events = EventLog(run.path / "tensorboard") if run.writes else None
    return StepLoop(model, optimizer, step, feed, run, events, chosen, options, steps)


def _identity(
    model: keras.Model,
    data: TrainingData,
    recipe: SGDRecipe | Recipe,
    options: TrainingOptions,
) -> dict[str, Any]:
    return {
        "recipe": dataclasses.asdict(recipe),
        "options": options.identity(),
        "data": {"examples": data.examples, **data.identity},
        "model": [list(weight.shape) for weight in model.weights],
    }
