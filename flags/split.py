"""The flag that names a split of a data set."""

from __future__ import annotations

from absl import flags

flags.DEFINE_string("split", "test", "The split of --dataset to score or to localize.")
