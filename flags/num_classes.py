"""The flag of how many classes a network tells apart."""

from __future__ import annotations

from absl import flags

flags.DEFINE_integer(
    "num_classes",
    None,
    "Classes of the network; default: those of the data, or of the file of weights. A head of "
    "another size than the file's stays untrained.",
    lower_bound=1,
)
