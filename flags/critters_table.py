"""Flags of the critters table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from absl import flags

import tfwsol.flags.data
import tfwsol.flags.method  # noqa: F401
from tfwsol import methods
from tfwsol.flags.output import output_dir_from_flags
from tfwsol.training.critters_cell import BOUNDS
from tfwsol.training.critters_table import TableOptions

FLAGS = flags.FLAGS

flags.DEFINE_list("bodies", ["0.45", "0.70", "0.90"], "How telling the bodies are, 0 to 1.")
flags.DEFINE_list("seeds", ["0", "1", "2"], "Of data set, network and training.")
flags.DEFINE_string("results", None, "The file of results; default: OUTPUT_DIR/critters.csv.")


def table_from_flags() -> TableOptions:
    """What the flags ask for.

    Without --method it is all of them with `BOUNDS`; without --data_dir the data lie in the
    output folder.

    Raises:
        ValueError: A list is empty or holds something else than numbers in their range.
    """
    folder = output_dir_from_flags("runs/critters_table")
    return TableOptions(
        methods=[name.strip() for name in FLAGS.method] or [*BOUNDS, *methods.names()],
        bodies=_items("bodies", float),
        seeds=_items("seeds", int),
        output_dir=folder,
        data_dir=FLAGS.data_dir,
        csv=FLAGS.results or folder / "critters.csv",
    )


def _items(flag: str, kind: Callable[[str], Any]) -> list[Any]:
    given = [item.strip() for item in getattr(FLAGS, flag)]
    try:
        found = [kind(item) for item in given]
        if not found:
            raise ValueError
    except ValueError:
        example = ",".join(FLAGS[flag].default)
        raise ValueError(
            f"Expected --{flag} as a list such as {example}, but {','.join(given)!r} came."
        ) from None
    return found
