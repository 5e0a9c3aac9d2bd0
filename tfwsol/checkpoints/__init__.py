"""Weights from PyTorch and NumPy files, read without PyTorch and without running pickles."""

from tfwsol.checkpoints.checkpoint_error import CheckpointError, reported
from tfwsol.checkpoints.conversion import Filling, convert, converted, fill, fill_weights
from tfwsol.checkpoints.reading import Description, describe, read
from tfwsol.checkpoints.room import save_weights

__all__ = [
    "CheckpointError",
    "Description",
    "Filling",
    "convert",
    "converted",
    "describe",
    "fill",
    "fill_weights",
    "read",
    "reported",
    "save_weights",
]
