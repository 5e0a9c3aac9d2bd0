"""Scores what a model in training calls held-out images."""

from __future__ import annotations

import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf

from tfwsol.training.batch_loss import inference_loss


@dataclasses.dataclass
class ClassificationScore:
    """Called with a model, gives its accuracy in percent and its mean cross entropy.

    Attributes:
        batches: Pairs of images and int labels.
    """

    batches: tf.data.Dataset

    def __post_init__(self):
        self._model: keras.Model | None = None

    def names(self, model: keras.Model) -> list[str]:
        """What its numbers are called."""
        del model
        return ["accuracy", "loss"]

    def __call__(self, model: keras.Model) -> dict[str, float]:
        """The numbers "accuracy" and "loss".

        Raises:
            ValueError: There are no images.
        """
        if self._model is not model:
            # A partial has no code object, by which TensorFlow would take the functions of all
            # models for one that is traced too often.
            graph = functools.partial(inference_loss, model)
            self._sums = tf.function(graph, autograph=False, reduce_retracing=True)
            self._model = model
        total = np.zeros(3)
        for images, labels in self.batches:
            total += self._sums(images, labels).numpy()
        loss, right, count = total.tolist()
        if not count:
            raise ValueError("There are no held-out images to score; look at the data set's split.")
        return {"accuracy": 100.0 * right / count, "loss": loss / count}
