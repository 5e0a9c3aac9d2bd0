"""A classifier as a user writes one: subclassed, with blocks in a list and names by Keras.

Loaded from its file by the tests and by the processes they start.
"""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="tfwsol_tests")
class Block(keras.Layer):
    """A residual block."""

    def __init__(self, filters, **options):
        super().__init__(**options)
        self.filters = filters
        self.conv = layers.Conv2D(filters, 3, padding="same")
        self.norm = layers.BatchNormalization()
        self.relu = layers.ReLU()

    def call(self, inputs, training=None):
        return self.relu(inputs + self.norm(self.conv(inputs), training=training))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@keras.saving.register_keras_serializable(package="tfwsol_tests")
class Residual(keras.Model):
    """A Sequential stem, two blocks, and a dense layer on the average."""

    def __init__(self, classes, **options):
        super().__init__(**options)
        self.classes = classes
        self.stem = keras.Sequential([layers.Conv2D(6, 3, strides=2), layers.ReLU()])
        self.blocks = [Block(6) for _ in range(2)]
        self.logits = layers.Dense(classes)

    def call(self, images, training=None):
        return self.behind_the_stem(self.stem(images), training)

    def behind_the_stem(self, x, training=None):
        for block in self.blocks:
            x = block(x, training=training)
        return self.logits(ops.mean(x, axis=(1, 2)))

    def get_config(self):
        return {**super().get_config(), "classes": self.classes}
