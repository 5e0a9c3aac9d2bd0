"""The flag of how many predicted classes are asked about."""

from __future__ import annotations

from absl import flags

flags.DEFINE_integer("top_k", 1, "How many predicted classes to explain.", lower_bound=1)
