"""Where the true class stands among a classifier's scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfwsol.metrics.counting_metric import as_array


def class_ranks(labels: Any, scores: Any) -> np.ndarray:
    """How many classes stand before the true one, int64, batch.

    Args:
        labels: int, batch: the true classes.
        scores: Batch × classes, of any monotonic scale; or batch × crops × classes: logits, of
            which the mean of the crops' softmax counts. Of equal scores the lower class counts
            as the higher ranked.

    Raises:
        ValueError: Shapes do not fit each other, a score is NaN, or a label is no class.
    """
    labels, scores = as_array(labels), as_array(scores)
    if scores.ndim == 3:
        scores = crop_mean(scores)
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(
            "Scores are batch × classes (or batch × crops × classes) and labels batch; "
            f"got {scores.shape} and {labels.shape}."
        )
    classes = scores.shape[1]
    if np.isnan(scores).any():
        raise ValueError("Scores hold NaN, which has no rank; expected numbers.")
    labels = checked_labels(labels, classes)
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    before = (scores > own) | ((scores == own) & (np.arange(classes) < labels[:, None]))
    return before.sum(axis=1)


def crop_mean(logits: np.ndarray) -> np.ndarray:
    """The mean over the crops of their softmax, batch × classes, in the logits' own precision.

    Args:
        logits: Batch × crops × classes; ten crops are the four corners and the centre, and each
            of them mirrored.
    """
    lifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (lifted / lifted.sum(axis=-1, keepdims=True)).mean(axis=1)


def checked_labels(labels: Any, classes: int) -> np.ndarray:
    """The labels as an array.

    Raises:
        ValueError: They are not one whole number per image, or one is no class.
    """
    labels = as_array(labels)
    if labels.ndim != 1 or not (labels.size == 0 or np.issubdtype(labels.dtype, np.integer)):
        raise ValueError(
            "Labels are whole numbers, one class per image; "
            f"got {labels.dtype} of shape {labels.shape}."
        )
    if not ((labels >= 0) & (labels < classes)).all():
        raise ValueError(
            f"Labels are classes from 0 to {classes - 1}; got {labels.min()} to {labels.max()}."
        )
    return labels.astype(np.int64)
