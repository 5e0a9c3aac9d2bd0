"""Insertion and deletion: how a score moves while the hottest pixels come or go."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np
import tensorflow as tf

Predict = Callable[[np.ndarray], np.ndarray]
"""From pictures 0..255, batch × height × width × 3, to probabilities, batch × classes."""


@dataclasses.dataclass(frozen=True)
class InsertionDeletionSettings:
    """How pixels go and come; plain data.

    Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box
    Models", BMVC 2018, section 4.1. Numbers of different settings do not compare.

    Attributes:
        steps: In how many equal portions; the program of the paper takes one per row of pixels.
        blank: What a deleted pixel becomes: "zero", black, or "mean", the picture's mean colour.
        blur_deviation: Of the Gaussian blur of the picture that insertion starts from, in pixels.
        blur_side: Of its square window in pixels, odd.
    """

    steps: int = 28
    blank: Literal["zero", "mean"] = "zero"
    blur_deviation: float = 5.0
    blur_side: int = 11

    def __post_init__(self) -> None:
        if self.steps < 1 or self.blur_side % 2 == 0 or self.blur_deviation <= 0:
            raise ValueError(
                "Insertion and deletion take at least one step, an odd window and a positive "
                f"deviation of the blur; got {self}."
            )
        if self.blank not in ("zero", "mean"):
            raise ValueError(f"Deleted pixels become zero or mean; got {self.blank!r}.")


def insertion_deletion_curves(
    predict: Predict,
    pictures: np.ndarray,
    maps: np.ndarray,
    class_ids: np.ndarray,
    settings: InsertionDeletionSettings | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The probability of a class while pixels come and while they go, hottest first.

    Args:
        predict: The model.
        pictures: 0..255, batch × height × width × 3.
        maps: Batch × map height × map width; enlarged bilinearly. Of equally hot pixels the
            upper left goes first.
        class_ids: int, batch.
        settings: See `InsertionDeletionSettings`; None: its defaults.

    Returns:
        Insertion and deletion, each float64, batch × (steps + 1); the first is before any step.
    """
    settings = settings or InsertionDeletionSettings()
    pictures = np.asarray(pictures, np.float32)
    ranks = _ranks(maps, pictures.shape[1:3])
    blank = np.zeros((1, 1, 1, 3), np.float32)
    if settings.blank == "mean":
        blank = pictures.mean(axis=(1, 2), keepdims=True)
    blurred = blur(pictures, settings.blur_deviation, settings.blur_side)
    curves: tuple[list, list] = ([], [])
    for step in range(settings.steps + 1):
        hot = (ranks * settings.steps < step * ranks[0].size)[..., None]
        for curve, inside, outside in zip(
            curves, (pictures, blank), (blurred, pictures), strict=True
        ):
            shares = predict(np.where(hot, inside, outside))
            curve.append(np.take_along_axis(shares, class_ids[:, None], axis=1)[:, 0])
    insertion, deletion = (np.stack(curve, axis=1).astype(np.float64) for curve in curves)
    return insertion, deletion


def blur(pictures: np.ndarray, deviation: float, side: int) -> np.ndarray:
    """The pictures under a Gaussian window, float32; beyond the border they are mirrored."""
    offsets = np.arange(side) - side // 2
    weights = np.exp(-0.5 * (offsets / deviation) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    channels = pictures.shape[-1]
    margin = [(0, 0), (side // 2, side // 2), (side // 2, side // 2), (0, 0)]
    blurred = tf.constant(np.pad(np.asarray(pictures, np.float32), margin, mode="symmetric"))
    for shape in ((side, 1, 1, 1), (1, side, 1, 1)):
        kernel = np.tile(weights.reshape(shape), (1, 1, channels, 1))
        blurred = tf.nn.depthwise_conv2d(blurred, kernel, (1, 1, 1, 1), "VALID")
    return blurred.numpy()


def _ranks(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Of every pixel, how many are hotter, int: batch × height × width."""
    cells = tf.constant(np.asarray(maps, np.float32)[..., None])
    enlarged = tf.image.resize(cells, size, method="bilinear").numpy()[..., 0]
    order = np.argsort(-enlarged.reshape(len(maps), -1), axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(order.shape[1])[None], axis=1)
    return ranks.reshape(enlarged.shape)
