"""The flag of the number that everything random is drawn from."""

from __future__ import annotations

from absl import flags

flags.DEFINE_integer("seed", 0, "Of everything that is drawn by chance.")
