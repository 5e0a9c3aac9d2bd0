"""Times a suite of cases side by side and appends the numbers to a CSV file.

python scripts/benchmark.py l2caf
python scripts/benchmark.py l2caf --model=MobileNetV2 --batch_sizes=1,4,16 --repeats=15
python scripts/benchmark.py evaluation --threads=1
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

    from tfwsol.evaluation.benchmarks import SUITES, run_suite
    from tfwsol.flags import command
    from tfwsol.flags.benchmark import suite_options_from_flags
except ModuleNotFoundError as error:
    sys.exit(f"{error}: run `make setup` once, then .venv/bin/python {sys.argv[0]} ...")
finally:
    os.dup2(stderr, 2)

FLAGS = flags.FLAGS


def main(argv: Sequence[str]) -> int:
    """Prints a table for each batch size of the suite that the first argument names."""
    if len(argv) != 2:
        raise ValueError(f"Expected the name of one suite, one of {list(SUITES)}, before --flags.")
    for table in run_suite(argv[1], suite_options_from_flags(), FLAGS.repeats, FLAGS.csv or None):
        print(f"{table}\n")
    if FLAGS.csv:
        print(f"Appended to {FLAGS.csv}.")
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
