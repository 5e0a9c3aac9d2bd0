"""Weights in the form the operations take, made again only where the model's have changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf


class PackedKernel:
    """A tensor made from some of the model's variables.

    What it was made from is kept beside it. TensorFlow never writes into a buffer that
    somebody keeps, so the address of a variable's buffer tells whether it was written since.

    Args:
        sources: The variables (or tensors) it is made from, float of any width.
        make: From their values in float32, in the same order, to the tensor.
    """

    def __init__(self, sources: Sequence[Any], make: Callable[..., tf.Tensor]) -> None:
        self._sources, self._make = list(sources), make
        self._seen: list[tf.Tensor] | None = None
        self._variable: tf.Variable | None = None

    @property
    def tensor(self) -> tf.Variable:
        """The tensor as it was when `refresh` was last called."""
        if self._variable is None:
            raise RuntimeError("The kernel was never made; call refresh() before the pass.")
        return self._variable

    def refresh(self) -> None:
        """Makes the tensor anew where a source has changed since the last time."""
        values = [tf.convert_to_tensor(source) for source in self._sources]
        if self._seen is not None and all(map(_is_same, self._seen, values)):
            return
        made = self._make(*(tf.cast(value, tf.float32) for value in values))
        if self._variable is None:
            self._variable = tf.Variable(made, trainable=False)
        else:
            self._variable.assign(made)
        self._seen = values


def _is_same(one: tf.Tensor, other: tf.Tensor) -> bool:
    if _address(one) is not None and _address(one) == _address(other):
        return True
    return bool(tf.reduce_all(one == other))


def _address(tensor: tf.Tensor) -> int | None:
    """Where a tensor's numbers lie in the memory of the host; None elsewhere."""
    if not tensor.device.endswith("CPU:0") or tensor.dtype == tf.bfloat16:
        return None
    return np.asarray(memoryview(tensor)).__array_interface__["data"][0]
