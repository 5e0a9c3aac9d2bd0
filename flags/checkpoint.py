"""Flags that say which file of weights becomes which network."""

from __future__ import annotations

import pathlib
from typing import Any

from absl import flags

import tfwsol.flags.num_classes
import tfwsol.flags.source  # noqa: F401
from tfwsol import backbones

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "architecture",
    None,
    "Out of "
    + ",".join(name for name in backbones.names() if backbones.weight_sources(name))
    + ".",
)
flags.DEFINE_string(
    "output",
    None,
    "The .weights.h5 or .keras file to write; default: --source in the working folder, as "
    ".weights.h5.",
)
flags.DEFINE_string(
    "names_of", None, "Whose names the tensors have (torchvision, ...); default: those that fit."
)
flags.DEFINE_string(
    "entry", None, "Keys joined by / that lead to the state dict, such as model_ema."
)


def conversion_from_flags() -> dict[str, Any]:
    """The arguments of `checkpoints.converted` that the flags give.

    Raises:
        ValueError: If the source or the architecture is missing.
    """
    if not FLAGS.source or not FLAGS.architecture:
        raise ValueError("Expected --source=FILE and --architecture=NAME; see --help.")
    source = pathlib.Path(FLAGS.source).expanduser()
    output = FLAGS.output or f"{source.name.split('.')[0]}.weights.h5"
    classes = {} if FLAGS.num_classes is None else {"num_classes": FLAGS.num_classes}
    return {
        "path": source,
        "architecture": FLAGS.architecture,
        "output": pathlib.Path(output).expanduser(),
        "source": FLAGS.names_of,
        "entry": FLAGS.entry,
        **classes,
    }
