"""Tensors in a layer's compute type, for layers that take fixed draws beside their features."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def in_precision(values: Any, dtype: str) -> Any:
    """The values as a tensor of a type; a tensor that has it comes back as it is.

    Layers that call this are made with `autocast=False`: Keras would round the draws given to
    them to half precision together with the features.
    """
    values = ops.convert_to_tensor(values)
    same = keras.backend.standardize_dtype(values.dtype) == dtype
    return values if same else ops.cast(values, dtype)
