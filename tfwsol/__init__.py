"""Weakly supervised object localization and attention maps for Keras 3.

Importing the package registers its Keras classes, so that a saved ``.keras`` file loads in
a fresh process that only says ``import tfwsol``. It builds nothing and downloads nothing;
the other subpackages are imported when first touched.
"""

import importlib
from typing import Any

from tfwsol import graph, layers, methods
from tfwsol.localization import Localization

__version__ = "0.1.0"

_ON_FIRST_USE = (
    "backbones",
    "boxes",
    "checkpoints",
    "data",
    "evaluation",
    "metrics",
    "ops",
    "training",
    "visualization",
)

__all__ = ["Localization", "graph", "layers", "methods", *_ON_FIRST_USE]


def __getattr__(name: str) -> Any:
    if name in _ON_FIRST_USE:
        return importlib.import_module(f"tfwsol.{name}")
    raise AttributeError(f"module 'tfwsol' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
