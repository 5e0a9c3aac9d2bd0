"""What a network finds that is shown the masks: the upper bound of a critters table."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from tfwsol.backbones.critter_net import critter_net
from tfwsol.training.batches import augmented_data
from tfwsol.training.recipe import Recipe

EPOCHS = 10


def train_mask_oracle(examples: tf.data.Dataset, seed: int, epochs: int = EPOCHS) -> keras.Model:
    """The trunk of ``critter_net`` with one 1 × 1 convolution, trained on masks.

    It minimises the cross entropy between a sigmoid in every cell of the map and the object's
    share of the pixels of that cell, with the recipe and the augmentation of the other methods.

    Args:
        examples: Dictionaries with ``image`` and ``mask`` of one size, a multiple of 8.
        seed: Of weights, order and augmentation.
        epochs: Of the training.

    Returns:
        A model from RGB images 0..255 to maps of logits, batch × height / 8 × width / 8.
    """
    recipe = Recipe(epochs=epochs)
    data = augmented_data(examples.map(_with_mask_as_channel), recipe, seed)
    keras.utils.set_random_seed(seed)
    trunk = critter_net(seed=seed, input_shape=tuple(examples.element_spec["image"].shape))
    cells = keras.layers.Conv2D(1, 1, name="object")(trunk.get_layer("features").output)
    cells = keras.layers.Reshape(cells.shape[1:3], name="map")(cells)
    model = keras.Model(trunk.input, cells, name="mask_oracle")
    steps = -(-data.examples // recipe.batch_size)
    model.compile(recipe.optimizer(steps), keras.losses.BinaryCrossentropy(from_logits=True))
    batches = data.batches(range(epochs), recipe.batch_size, None).map(_images_and_cells)
    model.fit(batches, epochs=epochs, steps_per_epoch=steps, verbose=0, shuffle=False)
    return model


def oracle_maps(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Float32 maps in [0, 1], images × cells × cells."""
    return np.asarray(ops.sigmoid(model.predict(images.astype("float32"), verbose=0)))


def _with_mask_as_channel(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    # As a fourth channel the mask is mirrored and shifted with its image.
    mask = tf.cast(example["mask"] != 0, tf.uint8)[..., None] * 255
    return {"image": tf.concat([example["image"], mask], -1), "label": example["label"]}


def _images_and_cells(pictures: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    cells = tf.nn.avg_pool2d(pictures[..., 3:] / 255.0, 8, 8, "VALID")
    return pictures[..., :3], cells[..., 0]
