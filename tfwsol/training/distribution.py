"""One device, many devices or many machines: the only place that knows which."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

STRATEGIES = ("none", "mirrored", "multi_worker")
_SUM = tf.distribute.ReduceOp.SUM


class Distribution:
    """Runs one training step on every replica and adds up what comes out.

    Keras' own `fit` fails on several machines, and reports a share of the loss on several devices
    of one machine; so the loop is ours, and this is all that it knows about devices.

    Args:
        strategy: "none": where TensorFlow puts things. "mirrored": all GPUs of this machine, or
            all logical devices if there are none. "multi_worker": the machines that the variable
            TF_CONFIG lists, each of them running this program; to be made before anything else
            uses TensorFlow.

    Attributes:
        replicas: Devices over all machines.
        workers: Machines.
        worker: The number of this one.

    Raises:
        ValueError: The strategy is unknown, TF_CONFIG is not set or TensorFlow is in use already.
    """

    def __init__(self, strategy: str = "none") -> None:
        if strategy not in STRATEGIES:
            raise ValueError(
                f"Expected the strategy to be one of {STRATEGIES}, but {strategy!r} came."
            )
        self.name = strategy
        self.workers, self.worker = (1, 0) if strategy != "multi_worker" else _place()
        self._strategy = _make(strategy)
        self.replicas = self._strategy.num_replicas_in_sync
        self.is_chief = self.worker == 0

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """The context in which models and optimizers have to be made."""
        return self._strategy.scope()

    def local_batch(self, batch_size: int) -> int:
        """This machine's share of a global batch.

        Raises:
            ValueError: The batch cannot be shared out evenly.
        """
        if batch_size % self.replicas:
            raise ValueError(
                f"A batch of {batch_size} cannot be shared by {self.replicas} replicas; choose a "
                f"multiple of {self.replicas}."
            )
        return batch_size // self.workers

    def share(self, images: tf.Tensor, labels: tf.Tensor, weight: float = 1.0) -> tuple[Any, ...]:
        """A batch of this machine laid out over its devices, with a weight for each example.

        Where there are fewer examples than devices, the first one is repeated with weight zero: no
        device is ever left with nothing, which batch normalisation could not bear.

        Args:
            images: The examples, on the first axis.
            labels: One each.
            weight: Of every example; 0 where this machine only keeps step with the others.
        """
        count = int(labels.shape[0])
        weights = np.full(count, weight, np.float32)
        if self.name == "none":
            return images, labels, tf.constant(weights)
        local = self.replicas // self.workers
        missing = max(0, local - count)
        if missing:
            rows = np.concatenate([np.arange(count), np.zeros(missing, int)])
            images, labels = tf.gather(images, rows), tf.gather(labels, rows)
            weights = np.concatenate([weights, np.zeros(missing, np.float32)])
        sizes = [len(part) for part in np.array_split(weights, local)]
        return tuple(self._lay_out(tf.split(v, sizes)) for v in (images, labels, weights))

    def _lay_out(self, parts: list[tf.Tensor]) -> Any:
        first = self.worker * len(parts)
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: parts[context.replica_id_in_sync_group - first]
        )

    def run(self, function: Callable[..., tf.Tensor], *arguments: Any) -> tf.Tensor:
        """The sum over all replicas of what a function returns on each; to be called in a graph."""
        results = self._strategy.run(function, arguments)
        return self._strategy.reduce(_SUM, results, axis=None)

    @staticmethod
    def sum(values: Any) -> Any:
        """The sum of tensors over all replicas, to be called in the function that `run` runs."""
        return tf.distribute.get_replica_context().all_reduce(_SUM, values)

    def check_agreement(self, number: int, what: str, remedy: str) -> None:
        """Refuses machines that do not stand at the same number.

        Raises:
            ValueError: Another machine has another number.
        """
        if self.workers == 1:
            return

        def moments(value: tf.Tensor) -> tf.Tensor:
            return tf.stack([value, value * value])

        summed = tf.function(functools.partial(self.run, moments), autograph=False)
        total, squares = summed(tf.constant(number, tf.float64)).numpy() / self.replicas
        if squares - total * total > 1e-9 or abs(total - number) > 1e-9:
            raise ValueError(f"The machines do not agree on the {what}; {remedy}.")


def _place() -> tuple[int, int]:
    """How many machines TF_CONFIG lists, and which one this is."""
    try:
        config = json.loads(os.environ["TF_CONFIG"])
        workers = config["cluster"]["worker"]
        task = config["task"]
        if set(config["cluster"]) != {"worker"} or task.get("type", "worker") != "worker":
            raise ValueError("there are other tasks than workers")
        return len(workers), range(len(workers))[int(task["index"])]
    except (LookupError, ValueError, TypeError) as error:
        raise ValueError(
            "The strategy multi_worker expects the variable TF_CONFIG to hold "
            '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": n}} '
            f"on each machine, but it cannot be read ({error!r})."
        ) from error


def _make(strategy: str) -> tf.distribute.Strategy:
    if strategy == "none":
        return tf.distribute.get_strategy()
    if strategy == "mirrored":
        logical = tf.config.list_logical_devices
        return tf.distribute.MirroredStrategy([d.name for d in logical("GPU") or logical("CPU")])
    # Logical devices must not be asked for: that would start TensorFlow without the others.
    gpus = tf.config.list_physical_devices("GPU")
    kinds = tf.distribute.experimental.CommunicationImplementation
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=kinds.AUTO if gpus else kinds.RING
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    except RuntimeError as error:
        if "program startup" not in str(error):
            raise
        raise ValueError(
            "The strategy multi_worker came after TensorFlow had been used; make the Distribution "
            "first of all."
        ) from error
