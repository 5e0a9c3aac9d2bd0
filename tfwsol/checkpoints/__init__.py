"""Weights from PyTorch and NumPy files, read without PyTorch and without running pickles."""

from tfwsol.checkpoints.checkpoint_error import CheckpointError
from tfwsol.checkpoints.conversion import Filling, convert, converted, fill
from tfwsol.checkpoints.reading import Description, describe, read

__all__ = [
    "CheckpointError",
    "Description",
    "Filling",
    "convert",
    "converted",
    "describe",
    "fill",
    "read",
]
