"""The flag of how many images are taken at once."""

from __future__ import annotations

from absl import flags

flags.DEFINE_integer(
    "batch_size",
    None,
    "Images at once; default: 8 to explain, 32 to score, 64 to train (over all devices).",
    lower_bound=1,
)
