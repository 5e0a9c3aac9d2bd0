"""Trains a small classifier on critters in about two minutes and shows where it looks.

python scripts/demo.py
python scripts/demo.py --image=cat.jpg --weights=mobilenet_v2.weights.h5
"""

import os
import sys
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
stderr = os.dup(2)
# TensorFlow's libraries greet on file descriptor 2 before any log level is read.
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    from tfwsol.flags import command
    from tfwsol.flags.demo import demo_from_flags
    from tfwsol.training.demo import run_demo
except ModuleNotFoundError as error:
    sys.exit(f"{error}: run `make setup` once, then .venv/bin/python {sys.argv[0]} ...")
finally:
    os.dup2(stderr, 2)


def main(argv: Sequence[str]) -> int:
    """Runs the demo and names its report."""
    if len(argv) > 1:
        raise ValueError(f"Expected only --flags, but {argv[1]!r} came.")
    print(f"Open {run_demo(demo_from_flags())}")
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
