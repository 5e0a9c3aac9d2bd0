"""Data sets as ``tf.data`` pipelines of example dictionaries."""

import importlib
from typing import Any

_WHERE = {"load": "registry", "names": "registry"}

__all__ = ["critters", "load", "names"]


def __getattr__(name: str) -> Any:
    # TensorFlow, tfds and OpenCV are imported when one of these is first asked for.
    if name in __all__:
        module = importlib.import_module(f"tfwsol.data.{_WHERE.get(name, name)}")
        return getattr(module, name) if name in _WHERE else module
    raise AttributeError(f"module 'tfwsol.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
