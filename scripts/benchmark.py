"""Times a suite of cases side by side and appends the numbers to a CSV file.

python scripts/benchmark.py l2caf
python scripts/benchmark.py l2caf --model=MobileNetV2 --batch_sizes=1,4,16 --repeats=15
python scripts/benchmark.py evaluation --threads=1
python scripts/benchmark.py stnet --backbones=alexnet --batch_sizes=1,32
python scripts/benchmark.py stnet --harness
python scripts/benchmark.py training --backbones=resnet50 --batch_sizes=16 --method=cam,adl
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:
    if "--harness" in sys.argv:  # the machine may have no TensorFlow
        folder = Path(__file__).parents[1] / "custom_ops" / "top_down_gating"
        sys.exit(subprocess.call([sys.executable, folder / "harness.py"]))
    import quiet_start  # noqa: F401

from absl import flags

from tfwsol.custom_ops.top_down_gating import harness
from tfwsol.evaluation.benchmarks import run_suite
from tfwsol.flags import command
from tfwsol.flags.benchmark import SUITES, suite_options_from_flags

FLAGS = flags.FLAGS


def main(argv: Sequence[str]) -> int:
    """Prints a table for each batch size of the suite that the first argument names."""
    if len(argv) != 2:
        raise ValueError(f"Expected the name of one suite, one of {list(SUITES)}, before --flags.")
    if FLAGS.harness:
        return harness.main([])
    options, results = suite_options_from_flags(), FLAGS.csv or None
    for table in run_suite(argv[1], options, FLAGS.repeats, results, SUITES):
        print(f"{table}\n")
    if FLAGS.csv:
        print(f"Appended to {FLAGS.csv}.")
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
