"""A tensor as its file declares it, before any of its numbers are read."""

from __future__ import annotations

from typing import Any, NamedTuple


class TensorRecord(NamedTuple):
    """Shape, dtype and whereabouts of one tensor.

    Attributes:
        shape: As in the file.
        dtype: NumPy's name of it, or "bfloat16".
        source: What the reader of that kind of file needs to find the numbers.
    """

    shape: tuple[int, ...]
    dtype: str
    source: Any
