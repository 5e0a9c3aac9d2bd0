"""Independent random generators for every image, so that any image can be made alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SPLITS = ("train", "val", "test")


class Streams(NamedTuple):
    """The four generators of one image.

    Attributes:
        attributes: Draws coat, pattern and mark colour; knows the label.
        shape: Draws pose and proportions; must never know the label.
        scene: Draws background, placement, occluders and light; must never know the label.
        paint: Draws jitters of marks, patterns and colours; knows the label.
    """

    attributes: np.random.Generator
    shape: np.random.Generator
    scene: np.random.Generator
    paint: np.random.Generator


def open_streams(seed: int, split: str, index: int) -> Streams:
    """The fresh generators of image ``index`` of ``split`` in the data set of ``seed``.

    Args:
        seed: Non-negative number of the data set.
        split: "train", "val" or "test".
        index: Non-negative place in the split; the split's size plays no part.

    Raises:
        ValueError: If there is no such split or a number is negative.
    """
    if split not in SPLITS:
        raise ValueError(f"critters has the splits {', '.join(SPLITS)}; {split!r} is none of them.")
    if seed < 0 or index < 0:
        raise ValueError(
            f"The seed and the index of a critter start at 0; got seed={seed}, index={index}."
        )
    split_id = SPLITS.index(split)
    return Streams(*(np.random.default_rng([seed, split_id, index, k]) for k in range(4)))
