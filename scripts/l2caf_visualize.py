"""Shows where a trained classifier looks in your photographs.

python scripts/l2caf_visualize.py --image=cat.jpg
python scripts/l2caf_visualize.py --image=photos/ --model=ResNet50 --methods=l2caf,gradcam,cam
python scripts/l2caf_visualize.py --image=cat.jpg --model=mine.keras --class_names=names.txt
"""

import sys
from collections.abc import Sequence

if not __package__:
    import quiet_start  # noqa: F401

from absl import flags

from tfwsol.evaluation.explain_photographs import explain_photographs
from tfwsol.flags import command
from tfwsol.flags.explainer import batch_size_from_flags
from tfwsol.flags.model import classifier_from_flags, model_identity
from tfwsol.flags.output import output_dir_from_flags
from tfwsol.flags.photograph import photographs_from_flags
from tfwsol.flags.visualize import settings_from_flags

FLAGS = flags.FLAGS


def main(argv: Sequence[str]) -> int:
    """Explains the photographs and says where the report lies; 0 if all could be read."""
    if len(argv) > 1:
        raise ValueError(f"Expected only --flags, but {argv[1]!r} came; quote globs.")
    summary = explain_photographs(
        photographs_from_flags(),
        classifier_from_flags,
        settings_from_flags(),
        output_dir_from_flags("runs/l2caf_visualize"),
        model_identity(),
        batch_size_from_flags(),
        FLAGS.on_unreadable,
    )
    for why in summary.skipped.values():
        print(f"Skipped: {why}", file=sys.stderr)
    print(
        f"{summary.explained} explained, {summary.known} known from before, "
        f"{len(summary.skipped)} skipped: {summary.report}"
    )
    return 0


def run() -> None:
    """The installed command."""
    command.run(main)


if __name__ == "__main__":
    run()
