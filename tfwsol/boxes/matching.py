"""How well the boxes of many images and thresholds meet the ground truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfwsol.boxes.overlap import iou_inclusive

_BLOCK = 1 << 14


def best_iou(
    boxes: np.ndarray,
    splits: np.ndarray,
    truths: Sequence[np.ndarray],
    touching_overlaps: bool = True,
) -> np.ndarray:
    """The largest IoU of any box with any ground-truth box, per image and threshold.

    Args:
        boxes: N × 4, as `sweep` or `distinct_sweep` gives them.
        splits: The row splits that came with them, batch · T + 1.
        truths: One array n × 4 per image, n >= 1, in the same pixels (`scale_truth`).
        touching_overlaps: As of `iou_inclusive`, whose convention this is.

    Returns:
        float64, batch × T.

    Raises:
        ValueError: An image has no ground-truth box, a threshold has no box, or the splits do
            not belong to as many images.
    """
    counts = np.array([len(truth) for truth in truths], np.int64)
    segments = len(splits) - 1
    if not len(counts) or segments < 1 or segments % len(counts):
        raise ValueError(
            f"{segments} lists of boxes cannot belong to the ground truth of {len(counts)} images."
        )
    per_segment = np.diff(splits)
    if not counts.all() or not per_segment.all():
        raise ValueError(
            "Every image needs a ground-truth box and every threshold a box; leave out images "
            "without ground truth."
        )
    image = np.repeat(np.arange(segments) // (segments // len(counts)), per_segment)
    best = best_overlap(boxes, image, np.concatenate(truths), counts, touching_overlaps)
    return np.maximum.reduceat(best, splits[:-1]).reshape(len(counts), -1)


def best_overlap(
    boxes: np.ndarray,
    images: np.ndarray,
    truths: np.ndarray,
    counts: np.ndarray,
    touching_overlaps: bool = True,
) -> np.ndarray:
    """The largest IoU of each box with the ground-truth boxes of its image, float64 N.

    Args:
        boxes: N × 4.
        images: N: the image of each box.
        truths: M × 4, those of the first image first.
        counts: The number of ground-truth boxes of each image, at least 1.
        touching_overlaps: As of `iou_inclusive`, whose convention this is.
    """
    first = np.cumsum(counts) - counts
    best = np.empty(len(boxes))
    for start in range(0, len(boxes), _BLOCK):  # what fits the processor's cache
        block = slice(start, start + _BLOCK)
        at = images[block]
        found = iou_inclusive(boxes[block], truths[first[at]], touching_overlaps)
        # Most images have one ground-truth box, few have many: one round per further rank.
        for rank in range(1, counts[at].max()):
            left = np.flatnonzero(counts[at] > rank)
            others = truths[first[at[left]] + rank]
            more = iou_inclusive(boxes[block][left], others, touching_overlaps)
            found[left] = np.maximum(found[left], more)
        best[block] = found
    return best
