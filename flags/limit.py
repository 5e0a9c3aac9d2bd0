"""The flag of how many images are taken at most."""

from __future__ import annotations

from absl import flags

flags.DEFINE_integer("limit", 0, "Take only the first so many images; 0: all.", lower_bound=0)
