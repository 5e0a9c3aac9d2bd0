"""Random changes to one training image, fixed by a seed."""

from __future__ import annotations

import tensorflow as tf


def mirrored(image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The image or, with probability one half, its mirror image.

    Args:
        image: Height × width × channels.
        seed: int64, two numbers; equal seeds make equal choices.
    """
    return tf.image.stateless_random_flip_left_right(image, seed)


def shifted(image: tf.Tensor, seed: tf.Tensor, max_shift: int) -> tf.Tensor:
    """The image moved by up to some pixels, the gap filled with what it reflects.

    Args:
        image: Height × width × channels; both sides are longer than the shift.
        seed: int64, two numbers; equal seeds make equal choices.
        max_shift: In pixels. The shift is uniform over all whole numbers from -max_shift to
            max_shift, down and to the right independently.

    Returns:
        A tensor of the same shape and dtype.
    """
    border = [[max_shift, max_shift], [max_shift, max_shift], [0, 0]]
    padded = tf.pad(image, border, "REFLECT")
    return tf.image.stateless_random_crop(padded, tf.shape(image), seed)
