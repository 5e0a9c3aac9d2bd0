"""The networks of the papers and of the demo, built by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import keras

from tfwsol.backbones.critter_net import critter_net

__all__ = ["build", "critter_net", "names"]

_BUILDERS: dict[str, Callable[..., keras.Model]] = {"critter_net": critter_net}


def names() -> list[str]:
    """The names that `build` knows, sorted."""
    return sorted(_BUILDERS)


def build(name: str, **options: Any) -> keras.Model:
    """The untrained network of that name; options go to its function.

    Raises:
        ValueError: There is no network of that name.
    """
    if name not in _BUILDERS:
        near = difflib.get_close_matches(name, names(), n=1) or names()
        raise ValueError(f"No backbone is called {name!r}; did you mean {', '.join(near)}?")
    return _BUILDERS[name](**options)
