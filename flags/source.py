"""The flag of what is read: a downloaded data set, or a file of weights."""

from __future__ import annotations

from absl import flags

flags.DEFINE_string(
    "source",
    None,
    "What is read: the folder of a downloaded data set that is not prepared yet, or a file of "
    "weights (.pth, .pt, .pth.tar, .safetensors, .npz).",
)
