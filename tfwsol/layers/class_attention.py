"""The map of one class out of all class maps, between zero and one and cut from the gradient."""

from __future__ import annotations

from typing import Any

from keras import ops


def min_max(maps: Any) -> Any:
    """Maps moved and scaled to run from 0 to 1, for each sample and channel alone.

    Args:
        maps: float, batch × height × width × channels.

    Returns:
        The same shape and dtype. A constant map gives zeros; wsolevaluation, whose formula this
        is, divides zero by zero there.
    """
    lowest = ops.min(maps, axis=(1, 2), keepdims=True)
    extent = ops.max(maps, axis=(1, 2), keepdims=True) - lowest
    return (maps - lowest) / ops.where(extent > 0, extent, ops.ones_like(extent))


def map_of_class(class_maps: Any, labels: Any = None) -> Any:
    """The map of each sample's class, without a gradient.

    Args:
        class_maps: float, batch × height × width × classes.
        labels: int, batch; or None for the class whose map has the highest mean, which is the
            class that is predicted where the logits are the means of the maps.

    Returns:
        float32, batch × height × width × 1.
    """
    class_maps = ops.stop_gradient(ops.cast(class_maps, "float32"))
    if labels is None:
        labels = ops.argmax(ops.mean(class_maps, axis=(1, 2)), axis=-1)
    index = ops.cast(ops.convert_to_tensor(labels), "int32")[:, None, None, None]
    return ops.take_along_axis(class_maps, index, axis=-1)


def class_attention(class_maps: Any, labels: Any = None) -> Any:
    """The map of each sample's class, from 0 to 1, without a gradient; see `map_of_class`."""
    return min_max(map_of_class(class_maps, labels))
