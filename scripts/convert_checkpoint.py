"""Turns weights of PyTorch or tensorpack programs into weights of our networks.

PyTorch is not needed, and nothing in the file is run.

python scripts/convert_checkpoint.py --source=resnet50-0676ba61.pth --architecture=resnet50
python scripts/convert_checkpoint.py --source=best.pth.tar --architecture=vgg16 --output=v.keras
"""

import os
import sys
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
stderr = os.dup(2)
# TensorFlow's libraries greet on file descriptor 2 before any log level is read.
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    from tfwsol import checkpoints
    from tfwsol.flags import command
    from tfwsol.flags.checkpoint import conversion_from_flags
except ModuleNotFoundError as error:
    sys.exit(f"{error}: run `make setup` once, then .venv/bin/python {sys.argv[0]} ...")
finally:
    os.dup2(stderr, 2)


def main(argv: Sequence[str]) -> int:
    """Converts the file and says what went where."""
    if len(argv) > 1:
        raise ValueError(f"Expected only --flags, but {argv[1]!r} came.")
    arguments = conversion_from_flags()
    _, filling = checkpoints.converted(**arguments)
    print(f"{arguments['output']}: {filling}")
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
