"""Which classes a caller asked about, and of which images."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf


def asked_classes(logits: tf.Tensor, class_ids: Any, top_k: int) -> tf.Tensor:
    """Class ids, int32 batch × classes asked, checked.

    Args:
        logits: float, batch × classes.
        class_ids: None: the `top_k` predicted classes; an int: this class for all images;
            [batch]: one class each; [batch, K]: K classes each.
        top_k: How many predicted classes where `class_ids` is None.

    Raises:
        ValueError: If an id or `top_k` is out of range, or the shape fits no rule above.
    """
    if class_ids is not None:
        return _checked_ids(class_ids, *logits.shape)
    if not 1 <= top_k <= logits.shape[1]:
        raise ValueError(
            f"Expected top_k from 1 to {logits.shape[1]} (the number of classes), but {top_k} came."
        )
    return tf.math.top_k(logits, top_k).indices


def _checked_ids(class_ids: Any, batch: int, num_classes: int) -> tf.Tensor:
    ids = np.asarray(class_ids)
    if ids.ndim == 0:
        ids = np.full((batch, 1), ids)
    if ids.ndim == 1:
        ids = ids[:, None]
    if ids.ndim != 2 or len(ids) != batch or not ids.shape[1]:
        raise ValueError(
            f"Expected class ids as an int, [{batch}] or [{batch}, K] for {batch} images, but "
            f"shape {np.shape(class_ids)} came."
        )
    if not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"Class ids are integers, but {ids.dtype} came.")
    outside = ids[(ids < 0) | (ids >= num_classes)]
    if outside.size:
        raise ValueError(
            f"Class id {outside[0]} is out of range: the model has {num_classes} classes, "
            f"0 to {num_classes - 1}."
        )
    return tf.constant(ids, tf.int32)


def image_tensors(images: Any) -> Any:
    """Images as tensors in the structure they came in, of one dtype for all plain arrays."""
    return keras.tree.map_structure(_as_tensor, images)


def _as_tensor(array: Any) -> tf.Tensor:
    tensor = tf.convert_to_tensor(array)
    # Plain NumPy is float64; one dtype means one trace.
    return tf.cast(tensor, tf.float32) if tensor.dtype == tf.float64 else tensor


def image_size(images: Any) -> tuple[int, int]:
    """Height and width of the images among some tensors.

    Raises:
        ValueError: If there is no batch of images among them.
    """
    shapes = [tensor.shape for tensor in keras.tree.flatten(images)]
    image = next((shape for shape in shapes if len(shape) in (4, 5)), None)
    if image is None:
        raise ValueError(
            "Expected a batch of images (batch × height × width × channels) among the inputs, but "
            f"shapes {[tuple(shape) for shape in shapes]} came; a single image is image[None]."
        )
    return int(image[-3]), int(image[-2])
