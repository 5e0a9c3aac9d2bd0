"""Shows where a trained classifier looks in your photographs.

python scripts/l2caf_visualize.py --image=cat.jpg
python scripts/l2caf_visualize.py --image=photos/ --model=ResNet50 --methods=l2caf,gradcam,cam
python scripts/l2caf_visualize.py --image=cat.jpg --model=mine.keras --class_names=names.txt
"""

import os
import sys
from collections.abc import Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
stderr = os.dup(2)
# TensorFlow's libraries greet on file descriptor 2 before any log level is read.
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    from absl import flags

    from tfwsol.evaluation.explain_photographs import explain_photographs
    from tfwsol.flags import command
    from tfwsol.flags.explainer import batch_size_from_flags
    from tfwsol.flags.model import classifier_from_flags, model_identity
    from tfwsol.flags.output import output_dir_from_flags
    from tfwsol.flags.photograph import photographs_from_flags
    from tfwsol.flags.visualize import settings_from_flags
except ModuleNotFoundError as error:
    sys.exit(f"{error}: run `make setup` once, then .venv/bin/python {sys.argv[0]} ...")
finally:
    os.dup2(stderr, 2)

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
