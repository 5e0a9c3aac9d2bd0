"""Turns a data set that you downloaded into the records that all other commands read.

python scripts/prepare_data.py --dataset=cub --source=downloads/
python scripts/prepare_data.py --dataset=cub --source=downloads/ --data_dir=/data --on_corrupt=skip
"""

import os
import sys
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
stderr = os.dup(2)
# TensorFlow's libraries greet on file descriptor 2 before any log level is read.
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    from absl import flags

    from tfwsol.data import registry
    from tfwsol.flags import command
    from tfwsol.flags.data import dataset_from_flags, options_from_flags
except ModuleNotFoundError as error:
    sys.exit(f"{error}: run `make setup` once, then .venv/bin/python {sys.argv[0]} ...")
finally:
    os.dup2(stderr, 2)

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
            FLAGS.on_corrupt,
            FLAGS.on_wrong_count,
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
