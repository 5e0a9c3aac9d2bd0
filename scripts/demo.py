"""Trains two small classifiers on critters, one with ADL, and shows where they look.

Takes about four minutes on two cores.

python scripts/demo.py
python scripts/demo.py --image=cat.jpg --weights=mobilenet_v2.weights.h5
"""

from collections.abc import Sequence

if not __package__:
    import quiet_start  # noqa: F401

from tfwsol.flags import command
from tfwsol.flags.demo import demo_from_flags
from tfwsol.training.demo import run_demo


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
