"""Data sets as ``tf.data`` pipelines of example dictionaries, photographs, class names."""

from typing import Any

__all__ = [
    "batches",
    "critters",
    "find_images",
    "imagenet_class_names",
    "load",
    "names",
    "prepare",
    "read_image",
    "views",
]


def __getattr__(name: str) -> Any:
    # TensorFlow, tfds and OpenCV are imported when one of these is first asked for.
    if name in ("load", "names", "prepare"):
        import tfwsol.data.registry as registry

        return getattr(registry, name)
    if name == "batches":
        from tfwsol.data.pipeline import batches

        return batches
    if name == "views":
        import tfwsol.data.views as views

        return views
    if name in ("find_images", "read_image"):
        import tfwsol.data.photograph as photograph

        return getattr(photograph, name)
    if name == "critters":
        import tfwsol.data.critters as critters

        return critters
    if name == "imagenet_class_names":
        from tfwsol.data.imagenet_classes import imagenet_class_names

        return imagenet_class_names
    raise AttributeError(f"module 'tfwsol.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
