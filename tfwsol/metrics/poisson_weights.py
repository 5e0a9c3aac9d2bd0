"""How often each replica of a data set draws each image."""

from __future__ import annotations

import functools
import math

import numpy as np


def poisson_weights(
    replicas: int, first: int, images: int, seed: int, stream: int = 0
) -> np.ndarray:
    """Weights drawn from the Poisson distribution of mean 1, float64, replicas × images.

    A data set of which every image is taken so often is a bootstrap sample whose size is free,
    so that images need not be known beforehand: Hanley and MacGibbon, "Creating non-parametric
    bootstrap samples using Poisson frequencies", 2006. The weights of an image depend on nothing
    but the arguments and its number, so batches of any size give the same.

    Args:
        replicas: The number of replicas.
        first: The number of the first image.
        images: How many images follow each other.
        seed: Of the weights, not negative.
        stream: Another one for each worker, whose images have the same numbers.
    """
    # Philox counts in blocks of four numbers; every image begins a new one.
    blocks = -(-replicas // 4)
    bits = np.random.Philox(key=[seed, stream]).advance(first * blocks)
    uniform = np.random.Generator(bits).random((images, 4 * blocks))[:, :replicas]
    return np.searchsorted(_distribution(), uniform.T, side="right").astype(np.float64)


@functools.cache
def _distribution() -> np.ndarray:
    """P(weight <= k) for k = 0, 1, … as far as float64 tells it from 1."""
    return np.cumsum([math.exp(-1) / math.factorial(k) for k in range(18)])
