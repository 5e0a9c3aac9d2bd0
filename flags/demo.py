"""Flags of the demo."""

from __future__ import annotations

import pathlib

import matplotlib
from absl import flags

import tfwsol.flags.seed  # noqa: F401
from tfwsol.flags.model import classifier_from_flags
from tfwsol.flags.output import output_dir_from_flags
from tfwsol.flags.photograph import photograph_from_flags
from tfwsol.training.demo import DemoOptions

FLAGS = flags.FLAGS


def demo_from_flags() -> DemoOptions:
    """The options the flags give."""
    hopper = pathlib.Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return DemoOptions(
        run_dir=output_dir_from_flags("runs/demo"),
        photograph=photograph_from_flags(hopper),
        load_classifier=classifier_from_flags,
        must_explain=bool(FLAGS.image) or FLAGS["weights"].present,
        seed=FLAGS.seed,
    )
