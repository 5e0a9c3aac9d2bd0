"""Example dictionaries to the batches that Keras trains on."""

from __future__ import annotations

import tensorflow as tf

from tfwsol.training.augmentation import mirrored, shifted
from tfwsol.training.recipe import Recipe


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


def training_batches(
    examples: tf.data.Dataset, recipe: Recipe, seed: int, first_epoch: int = 0
) -> tf.data.Dataset:
    """The batches of all epochs from the first one on, shuffled and augmented.

    Order and augmentation of an epoch depend on the seed and the epoch's number alone, so a
    run that was killed and goes on sees what it would have seen.

    Args:
        examples: Dictionaries with ``image``, height × width × channels, and ``label``; all
            images have one size. All are kept in memory.
        recipe: Gives the batch size, the number of epochs and the augmentation.
        seed: Of the order and the augmentation.
        first_epoch: Epochs before this one are left out.

    Returns:
        Pairs of float32 images, batch × height × width × channels, and int labels, batch. The
        last batch of an epoch may be smaller.

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
    seed = tf.constant(seed, tf.int64)

    def augmented(place: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = images[index]
        if recipe.mirror:
            image = mirrored(image, tf.stack([seed, 2 * place]))
        if recipe.max_shift:
            image = shifted(image, tf.stack([seed, 2 * place + 1]), recipe.max_shift)
        return image, labels[index]

    def epoch_batches(epoch: tf.Tensor) -> tf.data.Dataset:
        # Dataset.shuffle would listen to TensorFlow's global seed, too.
        order = tf.random.experimental.stateless_shuffle(
            tf.range(number), tf.stack([seed, -1 - epoch])
        )
        placed = tf.data.Dataset.from_tensor_slices(order).enumerate(epoch * number)
        return placed.map(augmented, tf.data.AUTOTUNE).batch(recipe.batch_size)

    epochs = tf.data.Dataset.range(first_epoch, recipe.epochs)
    return epochs.flat_map(epoch_batches).map(_float_images).prefetch(tf.data.AUTOTUNE)


def validation_batches(examples: tf.data.Dataset, recipe: Recipe) -> tf.data.Dataset:
    """The examples as they are, in batches of pairs like `training_batches`."""
    pairs = examples.map(_image_and_label).batch(recipe.batch_size)
    return pairs.map(_float_images).cache().prefetch(tf.data.AUTOTUNE)


def _image_and_label(example: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    return example["image"], example["label"]


def _float_images(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.cast(images, tf.float32), labels
