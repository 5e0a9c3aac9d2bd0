"""Trains every method on critters, with several seeds, and prints what each one localizes.

python scripts/critters_table.py
python scripts/critters_table.py --method=cam,adl --bodies=0.70 --seeds=0,1,2,3,4

Started again with the same flags it goes on where it stopped.
"""

import shlex
import sys
from collections.abc import Sequence

if not __package__:
    import quiet_start  # noqa: F401

from tfwsol.flags import command
from tfwsol.flags.critters_table import table_from_flags
from tfwsol.training.critters_table import run_table


def main(argv: Sequence[str]) -> int:
    """Prints means and deviations over the seeds and names the file of all rows."""
    if len(argv) > 1:
        raise ValueError(f"Expected only --flags, but {argv[1]!r} came.")
    options = table_from_flags()
    print(run_table(options, shlex.join(["python", *sys.argv])))
    print(f"All rows: {options.csv}")
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
