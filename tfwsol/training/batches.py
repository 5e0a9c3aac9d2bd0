"""Example dictionaries to the batches that Keras trains on."""

from __future__ import annotations

import hashlib

import numpy as np
import tensorflow as tf

from tfwsol.data.pipeline import numbered_epochs
from tfwsol.training.augmentation import mirrored, shifted
from tfwsol.training.recipe import Recipe
from tfwsol.training.training_data import Shard, TrainingData, number_of_examples


def augmented_data(examples: tf.data.Dataset, recipe: Recipe, seed: int) -> TrainingData:
    """The examples of a data set that fits into memory, shuffled, mirrored and shifted.

    Order and augmentation of an epoch depend on the seed and the epoch's number alone, so a
    run that was killed and goes on sees what it would have seen.

    Args:
        examples: Dictionaries with ``image``, height × width × channels, and ``label``; all
            images have one size. All are kept in memory.
        recipe: Gives the augmentation.
        seed: Of the order and the augmentation.

    Returns:
        Its batches are pairs of float32 images, batch × height × width × channels, and int
        labels, batch.

    Raises:
        ValueError: The data set is empty or endless, or the images are too small to shift.
    """
    sides = examples.element_spec["image"].shape[:2]
    if any(side is not None and side <= recipe.max_shift for side in sides):
        raise ValueError(
            f"Images of {sides[0]} × {sides[1]} pixels cannot be shifted by {recipe.max_shift}; "
            "give the recipe a smaller max_shift."
        )
    number = number_of_examples(examples)
    images, labels = examples.map(_image_and_label).batch(number).get_single_element()
    key = tf.constant(seed, tf.int64)

    def augmented(place: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = images[index]
        if recipe.mirror:
            image = mirrored(image, tf.stack([key, 2 * place]))
        if recipe.max_shift:
            image = shifted(image, tf.stack([key, 2 * place + 1]), recipe.max_shift)
        return image, labels[index]

    def epoch_batches(
        epoch: tf.Tensor, batch_size: int, shard: Shard, left_out: tf.Tensor
    ) -> tf.data.Dataset:
        # Dataset.shuffle would listen to TensorFlow's global seed, too.
        order = tf.random.experimental.stateless_shuffle(
            tf.range(number), tf.stack([key, -1 - epoch])
        )
        placed = tf.data.Dataset.from_tensor_slices(order).enumerate(epoch * number)
        index, count = shard or (0, 1)
        mine = placed.shard(count, index).skip(left_out)
        return mine.map(augmented, tf.data.AUTOTUNE).batch(batch_size)

    def batches(epochs: range, batch_size: int, shard: Shard, skip: int = 0) -> tf.data.Dataset:
        found = numbered_epochs(epochs, skip * batch_size).flat_map(
            lambda epoch, left_out: epoch_batches(epoch, batch_size, shard, left_out)
        )
        return found.map(_float_images).prefetch(tf.data.AUTOTUNE)

    identity = {"first": digest(examples), "mirror": recipe.mirror, "max_shift": recipe.max_shift}
    return TrainingData(number, batches, {"seed": int(seed), **identity})


def validation_batches(examples: tf.data.Dataset, recipe: Recipe) -> tf.data.Dataset:
    """The examples as they are, in batches of pairs like `augmented_data`."""
    pairs = examples.map(_image_and_label).batch(recipe.batch_size)
    return pairs.map(_float_images).cache().prefetch(tf.data.AUTOTUNE)


def _image_and_label(example: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    return example["image"], example["label"]


def _float_images(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.cast(images, tf.float32), labels


def digest(examples: tf.data.Dataset) -> str:
    """A fingerprint of a data set's first image and label."""
    example = next(examples.take(1).as_numpy_iterator())
    content = np.ascontiguousarray(example["image"]).tobytes() + str(example["label"]).encode()
    return hashlib.sha256(content).hexdigest()[:16]
