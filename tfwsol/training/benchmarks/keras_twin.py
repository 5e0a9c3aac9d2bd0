"""A network in plain Keras: `compile` and `fit` with the settings of a recipe."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from tfwsol.training.sgd_recipe import SGDRecipe


def compiled(model: keras.Model, recipe: SGDRecipe, steps_per_epoch: int) -> keras.Model:
    """The model compiled with Keras' own descent and the settings of a recipe, but its groups.

    Keras multiplies its velocity by the rate and takes the decay of the weights from them, not
    into the gradient, which costs the same.

    Args:
        model: From images to logits.
        recipe: Gives rate, momentum and decay.
        steps_per_epoch: For the course of the rate.
    """
    rate = recipe.learning_rate.schedule(steps_per_epoch, recipe.epochs)
    optimizer = keras.optimizers.SGD(
        rate, recipe.momentum, recipe.nesterov, weight_decay=recipe.weight_decay
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def steps_of_fit(
    model: keras.Model, images: tf.Tensor, labels: tf.Tensor
) -> Callable[[int], float]:
    """Makes so many of the steps that `fit` makes of a compiled model, on one batch.

    Returns:
        Called with a number of steps, gives the mean loss since the first of all.
    """
    batch = iter(tf.data.Dataset.from_tensors((images, labels)).repeat())
    model.make_train_function()

    def make(steps: int) -> float:
        for _ in range(steps):
            logs = model.train_function(batch)
        return float(logs["loss"])

    return make
