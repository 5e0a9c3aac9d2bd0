"""The flag that says on how many devices and machines to train."""

from __future__ import annotations

from absl import flags

from tfwsol.training.distribution import STRATEGIES

flags.DEFINE_enum(
    "strategy",
    "none",
    STRATEGIES,
    "none: one device. mirrored: all GPUs of this machine. multi_worker: the machines in "
    "TF_CONFIG, with the same command on each and an --output_dir that all of them see.",
)
