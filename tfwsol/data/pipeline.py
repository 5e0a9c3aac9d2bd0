"""Example dictionaries to batches of one view, the same ones whenever the seed is the same."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tfwsol.data.preparation.decoding import decode_as_pillow
from tfwsol.data.views import View, see

_ENCODED, _DECODED = 8192, 1024
"""Examples in the shuffle buffer: about 1 GB of JPEG files, or 0.6 GB of their pixels."""


def batches(
    dataset: tf.data.Dataset,
    view: View,
    batch_size: int,
    *,
    shuffle: bool | int = False,
    seed: int = 0,
    flip: bool = False,
    shard: tuple[int, int] | None = None,
    drop_remainder: bool = False,
    epochs: Sequence[int] = (0,),
    skip: int = 0,
) -> tf.data.Dataset:
    """The examples of a data set through a view, batch by batch, prefetched.

    Everything random is drawn for (seed, epoch, place in the data set) alone: neither the number
    of threads nor of shards nor TensorFlow's global seed changes what an example looks like, and
    reading the batches twice gives the same ones twice. Another epoch has another order and
    other draws, and a run that goes on with ``epochs=range(20, 50)`` sees what it would have seen.

    Args:
        dataset: Example dictionaries as ``tfwsol.data.load`` gives them. With its
            ``decode=False`` they are decoded after sharding and shuffling, which then cost less.
        view: Which part of every picture, at which size.
        batch_size: Examples per batch; an epoch's last batch may be smaller.
        shuffle: Whether to shuffle, or the size of the buffer (True: 1024 examples, 8192 of
            undecoded ones). What lies further apart than the buffer is long hardly mixes: a
            larger data set that is stored class by class comes out nearly so.
        seed: Of the order, the crops and the flips.
        flip: Mirror each view with probability one half.
        shard: (index, count): every count-th example from the one numbered index, before
            shuffling, as one of several machines reads them.
        drop_remainder: Leave out an epoch's last batch where it is smaller.
        epochs: The numbers of the passes over the data, one after the other.
        skip: Leave out so many batches of the first of these epochs, without decoding them.

    Returns:
        Batched dictionaries (see ``views.see``): ``image`` float32 0..255, batch × height ×
        width × 3; ``boxes`` and ``view_boxes``, ragged, batch × n × 4, and ``labels``, ragged;
        the other keys with a leading batch axis.

    Raises:
        ValueError: The batch size, buffer, seed, shard, an epoch or what to skip is out of range.
    """
    _check(batch_size, shuffle, seed, shard, epochs, skip)
    chance = view.random or flip
    numbered = dataset.enumerate()
    if shard:
        numbered = numbered.shard(num_shards=shard[1], index=shard[0])
    buffer = _buffer(dataset, shuffle)

    def epoch_batches(epoch: tf.Tensor, left_out: tf.Tensor) -> tf.data.Dataset:
        def viewed(index: tf.Tensor, example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            draws = tf.random.stateless_uniform([3], _key(seed, epoch, index)) if chance else None
            if draws is not None and not flip:
                draws = tf.concat([draws[:2], [1.0]], axis=0)
            return _ragged(see(view, _decoded(example), draws))

        examples = _shuffled(numbered, buffer, seed, epoch) if buffer else numbered
        seen = examples.skip(left_out).map(viewed, tf.data.AUTOTUNE, deterministic=True)
        return seen.ragged_batch(batch_size, drop_remainder)

    batched = numbered_epochs(epochs, skip * batch_size).flat_map(epoch_batches)
    number = numbered.cardinality()
    if number >= 0:
        whole, rest = divmod(int(number), batch_size)
        per_epoch = whole + (rest > 0 and not drop_remainder)
        left = per_epoch * len(epochs) - min(skip, per_epoch)
        batched = batched.apply(tf.data.experimental.assert_cardinality(left))
    return batched.prefetch(tf.data.AUTOTUNE).with_options(_options())


def numbered_epochs(epochs: Sequence[int], left_out: int) -> tf.data.Dataset:
    """The number of each epoch and how many of its examples to leave out, int64 both.

    Args:
        epochs: Their numbers, at least one.
        left_out: Of the first of them; of the others none.
    """
    counts = [left_out] + [0] * (len(epochs) - 1)
    both = tf.constant(list(epochs), tf.int64), tf.constant(counts, tf.int64)
    return tf.data.Dataset.from_tensor_slices(both)


def _shuffled(
    examples: tf.data.Dataset, buffer: int, seed: int, epoch: tf.Tensor
) -> tf.data.Dataset:
    # Dataset.shuffle listens to the seed of the graph it is in; this one is its own.
    tf.random.set_seed(1)
    order = _key(seed, epoch, tf.constant(-1, tf.int64))
    order = tf.random.stateless_uniform([], order, None, None, tf.int64)
    return examples.shuffle(buffer, order, reshuffle_each_iteration=False)


def _key(seed: int, epoch: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """A seed of its own for every example of every epoch."""
    both = tf.stack([tf.constant(seed, tf.int64), tf.cast(epoch, tf.int64)])
    return tf.random.experimental.stateless_fold_in(both, index)


def _decoded(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    if example["image"].dtype != tf.string:
        return example
    return {**example, "image": decode_as_pillow(example["image"])}


def _ragged(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The example with lists of unknown length, so that they are ragged in every data set."""

    def unknown(value: tf.Tensor) -> tf.Tensor:
        return tf.compat.v1.placeholder_with_default(value, [None, *value.shape[1:]])

    return {
        key: unknown(value) if key.endswith("boxes") or key == "labels" else value
        for key, value in example.items()
    }


def _buffer(dataset: tf.data.Dataset, shuffle: bool | int) -> int:
    if shuffle is not True:
        return int(shuffle)
    encoded = dataset.element_spec["image"].dtype == tf.string
    return _ENCODED if encoded else _DECODED


def _options() -> tf.data.Options:
    options = tf.data.Options()
    options.deterministic = True
    # Shards are taken above; TensorFlow's own would take shards of them.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options


def _check(
    batch_size: int,
    shuffle: bool | int,
    seed: int,
    shard: tuple[int, int] | None,
    epochs: Sequence[int],
    skip: int,
) -> None:
    if batch_size < 1 or int(shuffle) < 0 or skip < 0:
        raise ValueError(
            "Batches have at least 1 example, and a shuffle buffer and what to skip none or more; "
            f"got batch_size={batch_size}, shuffle={shuffle} and skip={skip}."
        )
    if seed < 0 or not len(epochs) or min(epochs) < 0:
        raise ValueError(f"Seeds and epochs count from 0; got seed={seed}, epochs={epochs}.")
    if shard is not None and not 0 <= shard[0] < shard[1]:
        raise ValueError(f"A shard is (index, count) with 0 <= index < count; got {shard}.")
