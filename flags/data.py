"""Flags that name a data set, where it comes from and where it is kept."""

from __future__ import annotations

from typing import Any

from absl import flags

import tfwsol.flags.source  # noqa: F401
from tfwsol.data import registry

FLAGS = flags.FLAGS

flags.DEFINE_string("dataset", None, f"Out of {','.join(registry.names())}.")
flags.DEFINE_string(
    "data_dir",
    None,
    "Where prepared data sets lie; default: $TFDS_DATA_DIR or ~/tensorflow_datasets.",
)
flags.DEFINE_enum(
    "on_corrupt",
    "refuse",
    ["refuse", "skip"],
    "What to do with a download that holds pictures that cannot be read.",
)
flags.DEFINE_enum(
    "on_wrong_count",
    "refuse",
    ["refuse", "accept"],
    "What to do with a download that has more or fewer pictures than published.",
)
flags.DEFINE_string(
    "boxes",
    None,
    "Boxes of --dataset=folder: a CSV file, a COCO JSON file, a folder of VOC XML files, or a "
    "wsolevaluation metadata folder.",
)


def dataset_from_flags() -> str:
    """The data set that --dataset names.

    Raises:
        ValueError: If the flag is missing or names no data set.
    """
    if not FLAGS.dataset:
        raise ValueError(f"Expected --dataset=NAME, out of {', '.join(registry.names())}.")
    registry.check_name(FLAGS.dataset)
    return FLAGS.dataset


def preparation_from_flags() -> dict[str, str]:
    """What to do with a download that is not as it should be, as `tfwsol.data.prepare` takes it."""
    return {"on_corrupt": FLAGS.on_corrupt, "on_wrong_count": FLAGS.on_wrong_count}


def options_from_flags() -> dict[str, Any]:
    """The options of the data set that were given as flags; it refuses those it does not take."""
    return {} if FLAGS.boxes is None else {"boxes": FLAGS.boxes}
