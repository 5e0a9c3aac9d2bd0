"""Turns a data set that you downloaded into the records that all other commands read.

python scripts/prepare_data.py --dataset=cub --source=downloads/
python scripts/prepare_data.py --dataset=cub --source=downloads/ --data_dir=/data --on_corrupt=skip
"""

import sys
from collections.abc import Sequence

if not __package__:
    import quiet_start  # noqa: F401

from absl import flags

from tfwsol.data import registry
from tfwsol.flags import command
from tfwsol.flags.data import dataset_from_flags, options_from_flags, preparation_from_flags

FLAGS = flags.FLAGS


def main(argv: Sequence[str]) -> int:
    """Prepares the data set and prints its counts, or where to get it."""
    if len(argv) > 1:
        raise ValueError(f"Expected only --flags, but {argv[1]!r} came.")
    name = dataset_from_flags()
    try:
        summary = registry.prepare(
            name,
            FLAGS.source,
            FLAGS.data_dir,
            **preparation_from_flags(),
            **options_from_flags(),
        )
    except registry.SourceError:
        print(registry.where(name), file=sys.stderr)
        raise
    print(summary.text())
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
