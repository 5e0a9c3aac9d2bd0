"""One step of the optimizer on one global batch, whatever devices it is spread over."""

from __future__ import annotations

import functools
from typing import Any

import keras
import tensorflow as tf

from tfwsol.training.batch_loss import batch_loss, number_of_classes
from tfwsol.training.distribution import Distribution
from tfwsol.training.replica_draws import draw_apart


class TrainingStep:
    """Takes a batch of this machine and makes a step of all machines.

    The loss is the sum over the global batch divided by the number of examples in it, so it does
    not depend on how many devices share the batch or into how many parts it is cut.

    Args:
        model: Made in the scope of the distribution.
        optimizer: As well, and built.
        distribution: Where to run.
        batch_size: Of a full global batch.
        accumulate: Cut the batch into so many parts that go through the model one after the
            other, for batches that do not fit into memory. Batch normalisation sees the parts.
        label_smoothing: See `batch_loss`.
        jit_compile: Compile with XLA; on one device only.

    Raises:
        ValueError: XLA is asked for where it cannot be had.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        distribution: Distribution,
        batch_size: int,
        accumulate: int = 1,
        label_smoothing: float = 0.0,
        jit_compile: bool = False,
    ) -> None:
        if jit_compile:
            _check_compilable(model, distribution)
        self._model, self._optimizer, self._distribution = model, optimizer, distribution
        self._batch_size, self._accumulate = batch_size, accumulate
        self._smoothing = label_smoothing
        self._classes: int | None = None
        self._weights = model.trainable_variables
        if distribution.replicas > 1:
            draw_apart(model)
        self._sums: list[tf.Variable] = []
        self._reached: list[bool] = []
        # XLA compiles for every size anyway.
        self._any_size = distribution.name == "none" and not jit_compile
        compiled = {"jit_compile": True} if jit_compile else {}
        # Partials have no code object, by which TensorFlow would take the steps of all models for
        # one that is traced too often.
        self._whole, self._part, self._close = (
            tf.function(
                functools.partial(distribution.run, function),
                autograph=False,
                reduce_retracing=True,
                **compiled,
            )
            for function in (self._descend, self._add, self._apply_sums)
        )
        if accumulate > 1:
            with distribution.scope():
                self._sums = [_replica_sum(weight) for weight in self._weights]

    def __call__(self, images: tf.Tensor, labels: tf.Tensor, weight: float = 1.0) -> tf.Tensor:
        """Makes the step.

        Args:
            images: This machine's share of the batch.
            labels: int, one per image.
            weight: 0 where this machine has no examples left and only keeps step.

        Returns:
            float32, four numbers: over the global batch the sum of the losses, how many examples
            were classified rightly and how many there were; and the learning rate of the step.

        Raises:
            ValueError: A label is no class of the model.
        """
        self._check(images, labels)
        share = self._distribution.share
        if self._accumulate == 1:
            return self._run(self._whole, *share(images, labels, weight))
        total = tf.zeros(3)
        for images_part, labels_part, factor in self._parts(images, labels):
            total += self._run(self._part, *share(images_part, labels_part, factor * weight))
        rate = self._close(total[2])
        return tf.concat([total, [rate]], axis=0)

    def _run(self, function: Any, *arguments: Any) -> tf.Tensor:
        """What a compiled function makes of a part of the batch.

        On one device it is traced once for all sizes: the smaller last batch of a pass would have
        it traced and optimised a second time, which takes as long as several steps.
        """
        if self._any_size:
            specs = (tf.TensorSpec([None, *v.shape[1:]], v.dtype) for v in arguments)
            function.get_concrete_function(*specs)
            self._any_size = False
        return function(*arguments)

    def _check(self, images: tf.Tensor, labels: tf.Tensor) -> None:
        """Refuses labels that are no class: they would have a loss of nothing, or any."""
        if self._classes is None:
            self._classes = number_of_classes(self._model, images)
        wrong = [label for label in labels.numpy() if not 0 <= label < self._classes]
        if wrong:
            raise ValueError(
                f"The data have the label {wrong[0]}, but the model has {self._classes} classes, 0 "
                f"to {self._classes - 1}; build it with as many as the data have."
            )

    def _parts(
        self, images: tf.Tensor, labels: tf.Tensor
    ) -> list[tuple[tf.Tensor, tf.Tensor, float]]:
        """Pieces of the batch and their weights; as many on every machine."""
        workers = self._distribution.workers
        size = -(-self._batch_size // (self._accumulate * workers))
        starts = range(0, int(labels.shape[0]), size)
        parts = [(images[at : at + size], labels[at : at + size], 1.0) for at in starts]
        if workers > 1:
            parts += [(images[:1], labels[:1], 0.0)] * (self._accumulate - len(parts))
        return parts

    def _descend(self, images: Any, labels: Any, weights: Any) -> tf.Tensor:
        gradients, numbers = self._gradients(images, labels, weights)
        rate = self._apply(gradients, self._distribution.sum(numbers[2]))
        return tf.concat([numbers, [rate]], axis=0)

    def _add(self, images: Any, labels: Any, weights: Any) -> tf.Tensor:
        gradients, numbers = self._gradients(images, labels, weights)
        for total, gradient in zip(self._sums, gradients, strict=True):
            if gradient is not None:
                total.assign_add(tf.convert_to_tensor(gradient))
        self._reached = [gradient is not None for gradient in gradients]
        return numbers

    def _apply_sums(self, count: tf.Tensor) -> tf.Tensor:
        reached = zip(self._sums, self._reached, strict=True)
        sums = [tf.convert_to_tensor(total) if known else None for total, known in reached]
        rate = self._apply(sums, count)
        for total in self._sums:
            total.assign(tf.zeros_like(total))
        return rate

    def _gradients(self, images: Any, labels: Any, weights: Any) -> tuple[list[Any], tf.Tensor]:
        """Of the sum of this replica's losses, as if every global batch were full."""
        with tf.GradientTape() as tape:
            total, logits = batch_loss(self._model, images, labels, weights, self._smoothing)
            scaled = self._optimizer.scale_loss(total / self._batch_size)
        gradients = tape.gradient(scaled, [weight.value for weight in self._weights])
        right = tf.argmax(logits, axis=-1) == tf.cast(labels, tf.int64)
        right = tf.reduce_sum(tf.cast(right, tf.float32) * weights)
        return gradients, tf.stack([total, right, tf.reduce_sum(weights)])

    def _apply(self, gradients: list[Any], count: tf.Tensor) -> tf.Tensor:
        """Lets the optimizer, which adds up the replicas' gradients, make its step.

        Returns the learning rate that it makes it with, or the replica's share of that.
        """
        rate = tf.cast(self._optimizer.learning_rate, tf.float32) / self._distribution.replicas
        scale = self._batch_size / count
        pairs = zip(gradients, self._weights, strict=True)
        known = [(tf.convert_to_tensor(g), w) for g, w in pairs if g is not None]
        gradients = [g * tf.cast(scale, g.dtype) for g, _ in known]
        if isinstance(self._optimizer, keras.optimizers.LossScaleOptimizer):
            # Keras asks one replica whether its own gradients are finite; they have to agree.
            gradients = self._distribution.sum(gradients)
            gradients = [g / self._distribution.replicas for g in gradients]
        self._optimizer.apply(gradients, [weight for _, weight in known])
        return rate


def _replica_sum(weight: keras.Variable) -> tf.Variable:
    """A sum of gradients that every replica keeps for itself."""
    return tf.Variable(
        tf.zeros(weight.shape, weight.dtype),
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.SUM,
    )


def _check_compilable(model: keras.Model, distribution: Distribution) -> None:
    if distribution.replicas > 1:
        raise ValueError(
            "XLA compiles the step of one device only; leave out jit_compile or the strategy "
            f"{distribution.name}."
        )
    refusing = [layer.name for layer in model._flatten_layers() if not layer.supports_jit]
    if refusing:
        raise ValueError(
            f"XLA cannot compile the layers {', '.join(refusing)}; leave out jit_compile."
        )
