"""Scores maps under the published protocols and writes numbers, curves and a report.

python scripts/evaluate.py --method=centred_gaussian --metadata=metadata/CUB/test
python scripts/evaluate.py --scoremap_dir=maps --metadata=metadata/CUB/test
python scripts/evaluate.py --method=cam,l2caf --model=ResNet50 --dataset=imagenet --protocols=all
"""

import sys
from collections.abc import Sequence

if not __package__:
    import quiet_start  # noqa: F401

from tfwsol.evaluation.evaluation_table import text_table
from tfwsol.evaluation.run_evaluation import ALL_TITLES, run_evaluation
from tfwsol.flags import command
from tfwsol.flags.evaluate import job_from_flags
from tfwsol.flags.given import flags_given
from tfwsol.flags.model import classifier_from_flags, model_identity
from tfwsol.flags.output import output_dir_from_flags


def main(argv: Sequence[str]) -> int:
    """Prints the table of numbers and says where the report lies."""
    if len(argv) > 1:
        raise ValueError(f"Expected only --flags, but {argv[1]!r} came.")
    summary = run_evaluation(
        job_from_flags(),
        classifier_from_flags,
        output_dir_from_flags("runs/evaluate"),
        model_identity(),
        flags_given(),
    )
    print(*summary.about, text_table(summary.rows, ALL_TITLES), *summary.notes, sep="\n")
    for name, why in list(summary.left_out.items())[:10]:
        print(f"Left out: {name}: {why}", file=sys.stderr)
    if len(summary.left_out) > 10:
        print(f"{len(summary.left_out)} images were left out in all.", file=sys.stderr)
    print(f"{'Report' if summary.is_new else 'Known from before'}: {summary.report}")
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
