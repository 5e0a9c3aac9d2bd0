"""The flag of the options of a data set that have no flag of their own."""

from __future__ import annotations

from absl import flags

flags.DEFINE_list("data_options", [], "More of the data set: body=0.45,train_size=500,...")
