"""The classification loss of a batch, whatever form its labels have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Classification = Callable[[Any, Any], Any]
"""From labels and logits to a float32 scalar."""


def mean_loss(loss: Any, sample_weight: Any = None) -> Classification:
    """The mean of a loss over the samples of this replica, as a function of labels and logits.

    Args:
        loss: None: softmax cross entropy. Otherwise anything that `compile(loss=...)` takes for
            one output: a name, a function of (labels, logits) or a `keras.losses.Loss`.
        sample_weight: float, batch; None: all the same. The weighted sum is divided by the
            number of samples, as Keras does.
    """
    loss = keras.losses.get(loss) or cross_entropy
    # A Loss, when called, divides by the number of replicas already.
    of_samples = loss.call if isinstance(loss, keras.losses.Loss) else loss

    def mean(labels: Any, logits: Any) -> Any:
        values = ops.cast(of_samples(labels, logits), "float32")
        if sample_weight is not None:
            values = values * ops.reshape(ops.cast(sample_weight, "float32"), (-1,))
        return ops.mean(values)

    return mean


def cross_entropy(labels: Any, logits: Any) -> Any:
    """Softmax cross entropy of each sample, float32, batch.

    Args:
        labels: int, batch, or float, batch × classes: one-hot, smoothed or mixed.
        logits: float, batch × classes.
    """
    logits = ops.cast(logits, "float32")
    if len(labels.shape) == 2:
        return ops.categorical_crossentropy(ops.cast(labels, "float32"), logits, from_logits=True)
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def checked_labels(labels: Any, num_classes: int) -> Any:
    """Labels as a tensor: int, batch, or float, batch × classes.

    Raises:
        ValueError: If they have another shape, or are whole-numbered columns of another width.
    """
    labels = ops.convert_to_tensor(labels)
    shape = tuple(labels.shape)
    if shape[1:] == (1,) and num_classes > 1:
        return labels[:, 0]
    if len(shape) == 1 or (len(shape) == 2 and shape[1] == num_classes):
        return labels
    raise ValueError(
        f"Expected labels of shape batch, or batch × {num_classes} classes, but shape {shape} "
        "came; give num_classes when building the model as the data set has it."
    )


def label_ids(labels: Any) -> Any:
    """The class of each sample, int32, batch; of mixed labels the largest share."""
    if len(labels.shape) == 2:
        labels = ops.argmax(labels, axis=-1)
    return ops.cast(labels, "int32")
