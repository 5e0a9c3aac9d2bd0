"""Flags that list options as name=value."""

from __future__ import annotations

import ast
from typing import Any

from absl import flags

FLAGS = flags.FLAGS


def named_values(flag: str) -> dict[str, Any]:
    """The values of a flag that lists name=value, numbers as such.

    Raises:
        ValueError: If an item has no equals sign.
    """
    found: dict[str, Any] = {}
    for item in getattr(FLAGS, flag):
        name, equals, value = item.partition("=")
        if not equals:
            raise ValueError(f"Expected --{flag}=name=value,..., but {item!r} came.")
        try:
            found[name.strip()] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[name.strip()] = value
    return found
