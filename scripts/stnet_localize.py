"""Localizes objects by STNet's top-down gates: boxes, their score, and class hypotheses.

python scripts/stnet_localize.py --dataset=cub --model=mine.keras --stnet_beside=cam,l2caf
python scripts/stnet_localize.py --model=alexnet --weights=alexnet.weights.h5 --dataset=imagenet
python scripts/stnet_localize.py --mode=bbox_viz --image=photos/ --top_k=2
python scripts/stnet_localize.py --mode=ch_viz --image=dog.jpg --stnet_classes=281,207

--mode=bbox_eval: localization of the true class at overlaps of 0.25, 0.5 and 0.75, beside the
published table. The model sees the central square of each picture. Started again with the same
flags, a run goes on where it was stopped. --stnet_beside: other methods by STNet's rule of boxes;
scripts/evaluate.py --method=stnet,cam: all of them by the rules of the other protocols.
"""

import sys
from collections.abc import Sequence

if not __package__:
    import quiet_start  # noqa: F401

from tfwsol.data.some_names import some_names
from tfwsol.evaluation.stnet_pictures import stnet_pictures
from tfwsol.flags import command
from tfwsol.flags.model import classifier_from_flags, model_identity
from tfwsol.flags.output import output_dir_from_flags
from tfwsol.flags.stnet_localize import job_from_flags


def main(argv: Sequence[str]) -> int:
    """Prints the table of numbers, if any, and says where everything lies."""
    if len(argv) > 1:
        raise ValueError(f"Expected only --flags, but {argv[1]!r} came; quote globs.")
    job = job_from_flags()
    summary = stnet_pictures(
        job.source,
        classifier_from_flags,
        job.settings,
        output_dir_from_flags(f"runs/stnet_localize/{job.settings.mode}"),
        model_identity(),
        job.batch_size,
        job.drawn,
        job.skip_corrupt,
        job.limit,
        job.made,
    )
    print(*summary.about, *[summary.table] * bool(summary.table), sep="\n")
    if summary.boxless:
        print(f"Without a box, since all gates were dropped: {some_names(summary.boxless)}")
    for why in list(summary.skipped.values())[:10]:
        print(f"Skipped: {why}", file=sys.stderr)
    print(
        f"{summary.done} localized, {summary.known} known from before, "
        f"{len(summary.skipped)} skipped: {summary.folder}/report.html, boxes.json, boxes.csv, "
        "coco.json"
    )
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
