import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfwsol.backbones.trained_classifier import TrainedClassifier

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "evaluation"


@pytest.fixture(scope="session")
def golden():
    """Reads a file of the evaluation goldens by its name."""

    def read(name):
        with np.load(GOLDEN / f"{name}.npz", allow_pickle=False) as file:
            return dict(file)

    return read


@pytest.fixture(scope="session")
def small_classifier():
    """A classifier of 16 × 16 pixels and 7 classes with random weights."""
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(6, 3, 2, activation="relu", name="map")(layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, layers.Dense(7)(layers.GlobalAveragePooling2D()(x)))
    return TrainedClassifier(model, "small", np.asarray, "none", (16, 16), list("abcdefg"))


@pytest.fixture(scope="session")
def examples():
    """Makes a data set of random pictures of several sizes, with boxes and masks."""

    def make(count=11, classes=7, without_box=(), seed=0):
        generator = np.random.default_rng(seed)

        def generate():
            for place in range(count):
                height, width = generator.integers(20, 60, 2)
                corners = np.sort(generator.uniform(size=(1 + place % 3, 2, 2)), axis=1)
                boxes = corners.reshape(-1, 4) * np.array([width, height, width, height])
                mask = np.zeros((height, width), np.uint8)
                mask[height // 4 : height // 2 + 1, width // 4 :] = 1
                yield {
                    "image": generator.integers(0, 255, (height, width, 3), np.uint8),
                    "label": np.int64(place % classes),
                    "boxes": (boxes if place not in without_box else boxes[:0]).astype(np.float32),
                    "image_id": f"picture{place}",
                    "mask": mask,
                }

        found = list(generate())
        spec = {
            "image": tf.TensorSpec((None, None, 3), tf.uint8),
            "label": tf.TensorSpec((), tf.int64),
            "boxes": tf.TensorSpec((None, 4), tf.float32),
            "image_id": tf.TensorSpec((), tf.string),
            "mask": tf.TensorSpec((None, None), tf.uint8),
        }
        dataset = tf.data.Dataset.from_generator(lambda: iter(found), output_signature=spec)
        return dataset.apply(tf.data.experimental.assert_cardinality(count)), found

    return make
