"""The ten kinds of critter and how each one likes to dress."""

from __future__ import annotations

from typing import NamedTuple

COAT_NAMES = (
    "fox orange",
    "brown",
    "grey",
    "cream",
    "slate blue",
    "olive",
    "plum",
    "charcoal",
)
PATTERN_NAMES = ("plain", "spots", "stripes", "saddle", "socks")
MARK_NAMES = ("charcoal", "white", "scarlet", "cobalt", "yellow")


class Kind(NamedTuple):
    """A class: its face mark, and the attributes it prefers but does not own."""

    name: str
    mark: str
    coat: str
    pattern: str


KINDS = (
    Kind("bandit", "charcoal", "fox orange", "spots"),
    Kind("blaze", "white", "brown", "stripes"),
    Kind("panda", "charcoal", "grey", "saddle"),
    Kind("rosy", "scarlet", "cream", "socks"),
    Kind("harlequin", "cobalt", "slate blue", "spots"),
    Kind("tiger", "yellow", "olive", "stripes"),
    Kind("star", "white", "plum", "saddle"),
    Kind("bib", "scarlet", "charcoal", "socks"),
    Kind("cap", "cobalt", "fox orange", "plain"),
    Kind("dapple", "yellow", "cream", "plain"),
)

CLASS_NAMES = tuple(kind.name for kind in KINDS)
"""The classes in the order of their labels 0 to 9; each is named after its face mark."""
