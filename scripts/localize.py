"""Finds objects in your pictures with a trained localizer: boxes as JSON, CSV and COCO.

python scripts/localize.py --checkpoint=runs/adl --image=photos/
python scripts/localize.py --checkpoint=runs/adl --dataset=cub --split=test --classes=true
python scripts/localize.py --checkpoint=mine.keras --preprocess=tf --image='photos/*.jpg' --top_k=3

It scores nothing: scripts/evaluate.py has MaxBoxAcc and the other protocols. Its boxes.csv and
coco.json are read back by --dataset=folder --source=FOLDER --boxes=FILE. Started again with the
same flags, a run goes on where it was stopped.
"""

import sys
from collections.abc import Sequence

if not __package__:
    import quiet_start  # noqa: F401

from tfwsol.data.some_names import some_names
from tfwsol.evaluation.localize_pictures import localize_pictures
from tfwsol.flags import command
from tfwsol.flags.localize import job_from_flags
from tfwsol.flags.output import output_dir_from_flags


def main(argv: Sequence[str]) -> int:
    """Says what was used and found, and where the boxes lie."""
    if len(argv) > 1:
        raise ValueError(f"Expected only --flags, but {argv[1]!r} came; quote globs.")
    output_dir = output_dir_from_flags("runs/localize")
    job = job_from_flags()
    print(*job.about, sep="\n", flush=True)
    summary = localize_pictures(
        job.source,
        job.checkpoint.load,
        job.settings,
        output_dir,
        job.checkpoint.identity,
        job.batch_size,
        job.overlays,
        job.skip_corrupt,
        job.made,
    )
    if summary.boxless:
        print(f"Without a box, since the map is the same everywhere: {some_names(summary.boxless)}")
    for why in list(summary.skipped.values())[:10]:
        print(f"Skipped: {why}", file=sys.stderr)
    print(
        f"{summary.localized} localized, {summary.known} known from before, "
        f"{len(summary.skipped)} skipped: {summary.folder}/boxes.json, boxes.csv, coco.json, "
        "report.html"
    )
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
