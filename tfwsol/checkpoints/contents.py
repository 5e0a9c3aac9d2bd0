"""What the reader of each kind of file hands over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tfwsol.checkpoints.tensor_record import TensorRecord


class Contents(NamedTuple):
    """A file's structure, with numbers still to be read.

    Attributes:
        kind: The file format in words.
        tree: Dictionaries and lists with TensorRecords as leaves, among other values.
        load: The array of a record, read-only; valid while the file is open.
    """

    kind: str
    tree: Any
    load: Callable[[TensorRecord], np.ndarray]
