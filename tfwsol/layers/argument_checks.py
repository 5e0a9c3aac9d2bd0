"""Sentences about arguments that no layer can work with."""

from __future__ import annotations

from typing import Any

import keras


def check_unit_interval(name: str, value: Any) -> float:
    """The value as a float, which lies between 0 and 1, both included.

    Raises:
        ValueError: If it does not, or is no number at all.
    """
    # A boolean is a slip, most often a `True` meant for the next argument.
    number = isinstance(value, (int, float)) or hasattr(value, "__float__")
    if isinstance(value, bool) or not number or not 0 <= value <= 1:
        raise ValueError(f"Expected {name} to be a number between 0 and 1, but {value!r} came.")
    return float(value)


def check_whole_number(name: str, value: Any, lowest: int) -> int:
    """The value as an int that is not below the lowest.

    Raises:
        ValueError: If it is below, or is not a whole number.
    """
    whole = hasattr(value, "__index__") and not isinstance(value, bool)
    if not whole or value < lowest:
        raise ValueError(
            f"Expected {name} to be a whole number of at least {lowest}, but {value!r} came."
        )
    return int(value)


def check_rank(layer: str, shape: tuple[int | None, ...]) -> None:
    """Raises ValueError naming the layer where a shape is not that of a batch of maps."""
    if len(shape) != 4:
        raise ValueError(
            f"{layer} expects batch × height × width × channels (or channels first where asked), "
            f"but shape {tuple(shape)} came; give a single image a batch axis of one, and put the "
            "layer before any flattening or pooling."
        )


def image_data_format(data_format: str | None) -> str:
    """The data format asked for, Keras' own setting where None was.

    Raises:
        ValueError: If it is neither "channels_last" nor "channels_first".
    """
    data_format = data_format or keras.config.image_data_format()
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(
            "Expected data_format to be 'channels_last', 'channels_first' or None, "
            f"but {data_format!r} came."
        )
    return data_format
