"""Turns weights of PyTorch or tensorpack programs into weights of our networks.

PyTorch is not needed, and nothing in the file is run.

python scripts/convert_checkpoint.py --source=resnet50-0676ba61.pth --architecture=resnet50
python scripts/convert_checkpoint.py --source=best.pth.tar --architecture=vgg16 --output=v.keras
"""

from collections.abc import Sequence

if not __package__:
    import quiet_start  # noqa: F401

from tfwsol import checkpoints
from tfwsol.flags import command
from tfwsol.flags.checkpoint import conversion_from_flags


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
