"""The examples to train on, and the batch that belongs to every step."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from tfwsol.data.pipeline import batches, numbered_epochs
from tfwsol.data.readable import reason_of
from tfwsol.data.views import View
from tfwsol.training.distribution import Distribution


class DataError(ValueError):
    """Examples that cannot be read; its text is one sentence for the person who asked."""


Shard = tuple[int, int] | None
Batches = Callable[[range, int, Shard, int], tf.data.Dataset]


def number_of_examples(examples: tf.data.Dataset) -> int:
    """How many examples a data set holds, read through once where it does not say.

    Raises:
        ValueError: It is empty or endless.
    """
    number = int(examples.cardinality())
    if number == tf.data.UNKNOWN_CARDINALITY:
        number = int(examples.reduce(tf.constant(0, tf.int64), lambda count, _: count + 1))
    if number < 1:
        state = "endless" if number == tf.data.INFINITE_CARDINALITY else "empty"
        raise ValueError(f"Training expects a finite data set with examples in it; it is {state}.")
    return number


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """Examples in batches that depend on the number of the pass over them alone.

    Attributes:
        examples: How many there are.
        batches: Called with the numbers of the passes, a batch size, (index, count) of the
            machine or None, and how many batches of the first of these passes to leave out; gives
            pairs of images and int labels, the same ones every time. A pass ends with a smaller
            batch where the examples do not fill it; example number i goes to machine i mod count.
        identity: What tells these data from others, in forms that JSON knows.
    """

    examples: int
    batches: Batches
    identity: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        dataset: tf.data.Dataset,
        view: View,
        *,
        seed: int = 0,
        shuffle: bool | int = True,
        flip: bool = True,
        identity: Mapping[str, Any] | None = None,
    ) -> TrainingData:
        """A data set of `tfwsol.data.load` seen through a view, see `tfwsol.data.batches`.

        Raises:
            ValueError: The data set is empty or endless.
        """
        chance = {"shuffle": shuffle, "seed": seed, "flip": flip}

        def pairs(passes: range, batch_size: int, shard: Shard, skip: int = 0) -> tf.data.Dataset:
            where = {"shard": shard, "epochs": passes, "skip": skip}
            found = batches(dataset, view, batch_size, **where, **chance)
            return found.map(lambda batch: (batch["image"], batch["label"]))

        number = number_of_examples(dataset)
        return cls(number, pairs, {"view": repr(view), **chance, **(identity or {})})

    @classmethod
    def of_arrays(
        cls, images: Any, labels: Any, seed: int = 0, shuffle: bool = True
    ) -> TrainingData:
        """Arrays that fit into memory, in another order in every pass."""
        number = len(labels)
        images, labels = tf.convert_to_tensor(images), tf.convert_to_tensor(labels)

        def one_pass(
            index: tf.Tensor, batch_size: int, shard: Shard, left_out: tf.Tensor
        ) -> tf.data.Dataset:
            order = tf.range(number)
            if shuffle:
                key = tf.stack([tf.constant(seed, tf.int64), index])
                order = tf.random.experimental.stateless_shuffle(order, key)
            place, count = shard or (0, 1)
            mine = tf.data.Dataset.from_tensor_slices(order[place::count][left_out:])
            chosen = mine.batch(batch_size)
            return chosen.map(lambda rows: (tf.gather(images, rows), tf.gather(labels, rows)))

        def pairs(passes: range, batch_size: int, shard: Shard, skip: int = 0) -> tf.data.Dataset:
            found = numbered_epochs(passes, skip * batch_size).flat_map(
                lambda index, left_out: one_pass(index, batch_size, shard, left_out)
            )
            return found.prefetch(tf.data.AUTOTUNE)

        return cls(number, pairs, {"arrays": list(images.shape), "seed": seed, "shuffle": shuffle})


@dataclasses.dataclass(frozen=True)
class Feed:
    """Gives this machine its part of the batch of every step, from any step on.

    Attributes:
        data: The examples.
        batch_size: Of the global batch.
        distribution: Of which this machine is a part.

    Raises:
        ValueError: There are fewer examples than machines, or the batch cannot be shared.
    """

    data: TrainingData
    batch_size: int
    distribution: Distribution

    def __post_init__(self):
        self.distribution.local_batch(self.batch_size)
        if self.data.examples < 1:
            raise ValueError("There are no examples to train on; look at the data set's split.")
        if self.data.examples < self.distribution.workers:
            raise ValueError(
                f"{self.data.examples} examples are too few for {self.distribution.workers} "
                "machines; use fewer."
            )

    @property
    def steps_per_pass(self) -> int:
        """Steps in which every example is seen once."""
        return -(-self.data.examples // self.batch_size)

    def __call__(self, first: int, stop: int) -> Iterator[tuple[tf.Tensor, tf.Tensor, float]]:
        """Images, labels and the weight of each step from `first` on, before `stop`.

        Machines whose share of a pass ends a batch earlier get examples of weight 0 instead, one
        for each of their devices.
        """
        if first >= stop:
            return
        workers, worker = self.distribution.workers, self.distribution.worker
        local = self.distribution.local_batch(self.batch_size)
        one_each = self.distribution.replicas // workers
        mine = len(range(worker, self.data.examples, workers))
        my_steps = -(-mine // local)
        steps = self.steps_per_pass
        passes = range(first // steps, (stop - 1) // steps + 1)
        shard = (worker, workers) if workers > 1 else None
        iterator = iter(self.data.batches(passes, local, shard, min(first % steps, my_steps)))
        last = None
        for step in range(first, stop):
            if step % steps < my_steps:
                last = self._next(iterator, step)
                yield *last, 1.0
            else:
                last = last or next(iter(self.data.batches(passes[:1], local, shard, 0)))
                yield *(part[:one_each] for part in last), 0.0

    def _next(self, iterator: Iterator[Any], step: int) -> tuple[tf.Tensor, tf.Tensor]:
        try:
            found = next(iterator, None)
        except tf.errors.OpError as error:
            raise DataError(
                f"The examples of step {step + 1} cannot be read ({reason_of(error)}); the run "
                "goes on from its last saved state when they can: if a file is damaged, remove the "
                "prepared data set and prepare it again."
            ) from error
        if found is None:
            raise DataError(
                f"The data end before step {step % self.steps_per_pass + 1} of a pass over "
                f"{self.data.examples} examples; give their true number."
            )
        return found
