"""Flags that set up the explainers: where they look, and the options of L2-CAF."""

from __future__ import annotations

from typing import Any

from absl import flags

import tfwsol.flags.batch_size  # noqa: F401

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "layer",
    None,
    "The layer to explain; default: the last with more than one spatial cell. Of STNet: the one to "
    "stop at; default: as its preset has it.",
)
flags.DEFINE_enum(
    "objective", "class_specific", ["class_specific", "class_oblivious"], "Of L2-CAF."
)
flags.DEFINE_enum("filter_type", "l2", ["l2", "softmax", "gaussian"], "Of L2-CAF.")
flags.DEFINE_enum("solver", "auto", ["auto", "exact", "lbfgs", "power", "reference"], "Of L2-CAF.")
flags.DEFINE_enum("preset", "pytorch", ["pytorch", "tf1"], "Published program that L2-CAF's "
                  "reference solver follows.")  # fmt: skip
flags.DEFINE_enum("sign", "abs", ["abs", "positive", "signed"], "How L2-CAF shows negative cells.")
flags.DEFINE_enum(
    "contrast", "sum", ["sum", "mean"], "How other classes count in L2-CAF; sum: as published."
)

_OPTIONS = ("layer", "objective", "filter_type", "solver", "preset", "sign", "contrast")


def batch_size_from_flags(otherwise: int = 8) -> int:
    """How many images are explained together, or `otherwise` where no flag says so."""
    return FLAGS.batch_size or otherwise


def explainer_options() -> dict[str, Any]:
    """The options of the explainers as the flags give them, by name."""
    return {name: getattr(FLAGS, name) for name in _OPTIONS}
