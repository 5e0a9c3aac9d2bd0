"""Flags of the table of runs."""

from __future__ import annotations

from absl import flags

FLAGS = flags.FLAGS

flags.DEFINE_list("by", ["dataset", "backbone", "method"], "Columns that tell lines apart.")
flags.DEFINE_list("numbers", None, "Scores to show; default: all that the runs have.")
flags.DEFINE_string("rows", None, "A CSV file for the rows of all runs; default: none.")
