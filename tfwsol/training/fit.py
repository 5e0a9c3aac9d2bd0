"""Training that can be killed at any time and need not run twice."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfwsol.training.batches import number_of_examples, training_batches, validation_batches
from tfwsol.training.recipe import Recipe
from tfwsol.training.run_directory import RunDirectory


@dataclasses.dataclass(frozen=True)
class TrainingRecord:
    """What came out of a training.

    Attributes:
        history: One number per epoch for ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``;
            accuracies in [0, 1].
        best_epoch: The epoch, from 1, with the highest validation accuracy.
        wall_seconds: Of all epochs, over all starts of the run.
        epochs_run: How many epochs this call ran: 0 where a finished run was found, fewer
            than the recipe's where it went on with one.
    """

    history: Mapping[str, list[float]]
    best_epoch: int
    wall_seconds: float
    epochs_run: int


def fit(
    model: keras.Model,
    train: tf.data.Dataset,
    validation: tf.data.Dataset,
    *,
    run_dir: str | os.PathLike[str],
    recipe: Recipe | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    verbose: int | None = None,
) -> TrainingRecord:
    """Trains a classifier in place; afterwards it holds the weights of the last epoch.

    The run directory gets ``training.json`` (options, versions, seed, history),
    ``final.weights.h5`` and ``best.weights.h5`` (highest validation accuracy), each written
    atomically. Called again with the same directory, data, model and options, it goes on after
    the last whole epoch; a finished run is not repeated, its weights are loaded. With anything
    else the run begins anew.

    Args:
        model: From float32 images, batch × height × width × channels in the range that the
            data has, to logits, batch × classes. It is compiled here.
        train: Examples in a fixed order: dictionaries with ``image`` and an int ``label``, all
            of one size.
        validation: The same, held out.
        run_dir: Made if missing.
        recipe: The numbers to train by; None means ``Recipe()``.
        seed: Of the order of the examples and their augmentation. The initial weights are
            the model's own.
        options: More that decides the outcome and is kept with the run (flags, say), in forms
            that JSON knows.
        verbose: As in Keras: 0 silent, 1 a progress bar, 2 a line per epoch. None: a bar on a
            terminal, else lines.

    Raises:
        ValueError: A data set is empty or endless.
        FloatingPointError: The loss is no longer a finite number.
    """
    recipe = recipe or Recipe()
    number = number_of_examples(train)
    number_of_examples(validation)
    decided_by = {
        "recipe": dataclasses.asdict(recipe),
        "seed": seed,
        "model": [list(weight.shape) for weight in model.weights],
        "examples": number,
        "first_example": _digest(train),
        **(options or {}),
    }
    run = RunDirectory(run_dir, decided_by)
    steps = math.ceil(number / recipe.batch_size)
    _compile(model, recipe, steps)
    first = run.epochs_done
    if run.resumed:
        run.load_last(model)
    if first < recipe.epochs:
        model.fit(
            training_batches(train, recipe, seed, first),
            validation_data=validation_batches(validation, recipe),
            initial_epoch=first,
            epochs=recipe.epochs,
            steps_per_epoch=steps,
            shuffle=False,  # the batches are shuffled; Keras warns otherwise
            verbose=(1 if sys.stdout.isatty() else 2) if verbose is None else verbose,
            callbacks=[_StopAtNan(), _Bookkeeping(run)],
        )
    if not run.state["finished"]:
        run.finish()
    state = run.state
    return TrainingRecord(
        state["history"], state["best_epoch"], state["wall_seconds"], recipe.epochs - first
    )


def _compile(model: keras.Model, recipe: Recipe, steps_per_epoch: int) -> None:
    model.compile(
        recipe.optimizer(steps_per_epoch),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    # Its variables must exist before weights are loaded into them.
    model.optimizer.build(model.trainable_variables)


def _digest(examples: tf.data.Dataset) -> str:
    """A fingerprint of a data set's first image and label."""
    example = next(examples.take(1).as_numpy_iterator())
    content = np.ascontiguousarray(example["image"]).tobytes() + str(example["label"]).encode()
    return hashlib.sha256(content).hexdigest()[:16]


class _StopAtNan(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if not math.isfinite(logs["loss"]):
            raise FloatingPointError(
                f"The loss became {logs['loss']} at step {batch + 1} of an epoch, so training "
                "stopped; try a lower learning rate or look for broken images."
            )


class _Bookkeeping(keras.callbacks.Callback):
    def __init__(self, run: RunDirectory):
        super().__init__()
        self._run = run

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._run.end_epoch(self.model, logs, time.perf_counter() - self._start)
