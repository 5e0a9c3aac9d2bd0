"""Prints means and deviations over the seeds of finished runs of train.py and evaluate.py.

python scripts/results_table.py runs/cam_* runs/adl_* --rows=results/cub20.csv
python scripts/results_table.py runs/* --by=method --numbers="wsoleval MaxBoxAccV2,adl GT-known"
"""

from collections.abc import Sequence
from pathlib import Path

if not __package__:
    import quiet_start  # noqa: F401

from absl import flags

import tfwsol.flags.results_table  # noqa: F401
from tfwsol.evaluation.results_table import summarise, write_results
from tfwsol.flags import command
from tfwsol.training.run_rows import rows_of_runs, score_names

FLAGS = flags.FLAGS


def main(argv: Sequence[str]) -> int:
    """Prints a Markdown table and writes the rows if a file for them is named."""
    if len(argv) < 2:
        raise ValueError("Expected the directories of runs, such as runs/cam_* runs/adl_*.")
    rows = rows_of_runs([Path(folder) for folder in argv[1:]])
    if FLAGS.rows:
        write_results(FLAGS.rows, rows)
    print(summarise(rows, FLAGS.by, FLAGS.numbers or score_names(rows)))
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
