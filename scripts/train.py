"""Trains a localizer, scores it after every epoch and keeps the best weights.

python scripts/train.py --method=adl --backbone=vgg16 --dataset=cub --output_dir=runs/adl
python scripts/train.py --recipe=adl_vgg16_cub --data_dir=data --strategy=mirrored
python scripts/train.py --method=cam --backbone=critter_net --dataset=critters --epochs=5

Started again with the same flags, a run goes on where it was killed.
"""

from collections.abc import Sequence

if not __package__:
    import quiet_start  # noqa: F401

from tfwsol.flags import command
from tfwsol.flags.train import job_from_flags, use_recipe
from tfwsol.training.training_job import run_training, summary_of


def main(argv: Sequence[str]) -> int:
    """Prints the chosen epoch, its scores and the run directory."""
    if len(argv) > 1:
        raise ValueError(f"Expected only --flags, but {argv[1]!r} came.")
    use_recipe()
    job = job_from_flags()
    print(*summary_of(run_training(job)), f"Run: {job.run_dir}", sep="\n")
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
