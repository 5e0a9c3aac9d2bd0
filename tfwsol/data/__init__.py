"""Data sets as ``tf.data`` pipelines of example dictionaries."""

from typing import Any

__all__ = ["critters", "load", "names"]


def __getattr__(name: str) -> Any:
    # TensorFlow, tfds and OpenCV are imported when one of these is first asked for.
    if name in ("load", "names"):
        import tfwsol.data.registry as registry

        return getattr(registry, name)
    if name == "critters":
        import tfwsol.data.critters as critters

        return critters
    raise AttributeError(f"module 'tfwsol.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
