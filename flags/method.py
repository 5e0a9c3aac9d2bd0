"""The flag that names methods, for commands that explain, score or train."""

from __future__ import annotations

from absl import flags

from tfwsol import methods
from tfwsol.evaluation.trivial_maps import TRIVIAL
from tfwsol.methods.explainer_names import EXPLAINERS

flags.DEFINE_list(
    "method",
    [],
    f"To score: out of {','.join([*EXPLAINERS, *TRIVIAL])}. To train: one of "
    f"{','.join(methods.names())}; benchmarks and tables take several of these.",
)
