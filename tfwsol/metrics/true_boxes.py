"""Boxes in the forms that people hold them, as checked arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfwsol.metrics.counting_metric import as_array


def flat_boxes(boxes: Any, images: int) -> tuple[np.ndarray, np.ndarray]:
    """All boxes below each other, float64 N × 4, and int64 how many of them each image has.

    Args:
        boxes: One entry per image: a list of n × 4 arrays, an array batch × n × 4, or a
            RaggedTensor batch × (n) × 4 of pixel corners x0, y0, x1, y1.
        images: The number of images.

    Raises:
        ValueError: There are more or fewer entries than images, an image has no box, or a box
            is not finite, begins before 0 or ends before it begins.
    """
    flat, counts = _ragged(boxes) if hasattr(boxes, "row_splits") else _listed(boxes)
    if len(counts) != images:
        raise ValueError(f"Boxes hold one entry per image, {images}; got {len(counts)}.")
    if not counts.all():
        raise ValueError(
            f"Image {counts.argmin()} of the batch has no true box; leave such images out."
        )
    bad = ~((flat[:, :2] >= 0) & (flat[:, 2:] >= flat[:, :2]) & np.isfinite(flat[:, 2:]))
    if bad.any():
        row = bad.any(axis=1).argmax()
        raise ValueError(
            "True boxes are pixel corners 0 <= x0 <= x1 and 0 <= y0 <= y1; "
            f"got {flat[row].tolist()} for image {np.repeat(np.arange(images), counts)[row]}."
        )
    return flat, counts


def sizes_of_boxes(image_sizes: Any, counts: np.ndarray) -> np.ndarray:
    """Height and width of the image of each box, N × 2.

    Args:
        image_sizes: Batch × 2: height and width in pixels.
        counts: The number of boxes of each image.

    Raises:
        ValueError: The shape is another, or a size is not positive.
    """
    sizes = as_array(image_sizes)
    if sizes.shape != (len(counts), 2):
        raise ValueError(
            f"Image sizes are height and width of each image, shape {(len(counts), 2)}; "
            f"got {sizes.shape}."
        )
    if not (sizes > 0).all():
        raise ValueError(f"Image sizes are positive; got {sizes.min()}.")
    return np.repeat(sizes, counts, axis=0)


def predicted_boxes_of(predicted_boxes: Any) -> np.ndarray:
    """One box per image, batch × 4.

    Raises:
        ValueError: The shape is another, or a corner is not finite.
    """
    predicted = as_array(predicted_boxes)
    if predicted.ndim != 2 or predicted.shape[1] != 4 or not np.isfinite(predicted).all():
        raise ValueError(
            "There is one predicted box of finite corners per image, batch × 4; got the shape "
            f"{predicted.shape}."
        )
    return predicted


def _listed(boxes: Any) -> tuple[np.ndarray, np.ndarray]:
    arrays = [as_array(entry) for entry in boxes]
    for index, array in enumerate(arrays):
        if array.ndim != 2 or array.shape[1] != 4:
            raise ValueError(
                f"The boxes of an image are n × 4; got the shape {array.shape} for image {index}."
            )
    flat = np.concatenate([np.zeros((0, 4)), *arrays])
    return flat, np.array([len(array) for array in arrays], np.int64)


def _ragged(boxes: Any) -> tuple[np.ndarray, np.ndarray]:
    counts = np.diff(as_array(boxes.row_splits))
    flat = as_array(boxes.flat_values).astype(np.float64)
    if flat.size != 4 * counts.sum():
        raise ValueError(f"A RaggedTensor of boxes is batch × (n) × 4; got {boxes.shape}.")
    return flat.reshape(-1, 4), counts
