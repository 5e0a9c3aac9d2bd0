"""The coat, the pattern and the mark colour: what hints at a critter's class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .classes import COAT_NAMES, KINDS, MARK_NAMES, PATTERN_NAMES

MARK_PREFERENCE = 0.70
"""How often a critter simply takes its class's mark colour."""


class Attributes(NamedTuple):
    """Indices into ``COAT_NAMES``, ``PATTERN_NAMES`` and ``MARK_NAMES``."""

    coat: int
    pattern: int
    mark: int


def draw_attributes(label: int, body: float, rng: np.random.Generator) -> Attributes:
    """The attributes of one critter of class ``label``.

    With probability ``body`` (coat, pattern) or 0.70 (mark colour) the class's preferred value
    is taken, otherwise any value uniformly; so P(preferred) = p + (1 - p) / number of values.

    Args:
        label: Class, 0 to 9.
        body: Probability in [0, 1] with which coat and pattern follow the class.
        rng: The image's ``attributes`` stream; always advanced by the same number of draws.
    """
    kind = KINDS[label]

    def choose(values: tuple[str, ...], preferred: str, probability: float) -> int:
        follows, other = rng.random() < probability, int(rng.integers(len(values)))
        return values.index(preferred) if follows else other

    return Attributes(
        coat=choose(COAT_NAMES, kind.coat, body),
        pattern=choose(PATTERN_NAMES, kind.pattern, body),
        mark=choose(MARK_NAMES, kind.mark, MARK_PREFERENCE),
    )
