"""The moving average of the weights in the place of the weights, for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def averaged(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> Iterator[None]:
    """The context in which a model has the averages that its optimizer keeps, if it keeps any."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    value = keras.ops.convert_to_numpy
    if not optimizer.use_ema or not value(optimizer.iterations):
        yield
        return
    weights = model.trainable_variables
    kept = [value(weight).copy() for weight in weights]
    for weight, average in zip(weights, optimizer._model_variables_moving_average, strict=True):
        weight.assign(value(average))
    try:
        yield
    finally:
        for weight, before in zip(weights, kept, strict=True):
            weight.assign(before)
