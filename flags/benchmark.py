"""Flags that say what to time and where to keep the numbers."""

from __future__ import annotations

from absl import flags

import tfwsol.flags.method  # noqa: F401
from tfwsol import backbones
from tfwsol.evaluation import benchmarks
from tfwsol.evaluation.benchmarks import SuiteOptions
from tfwsol.flags.model import image_size_from_flags
from tfwsol.training.benchmarks import training

FLAGS = flags.FLAGS
SUITES = {**benchmarks.SUITES, "training": training}
"""All suites by name."""

flags.DEFINE_integer("repeats", 7, "Timed rounds; every case runs once in each.", lower_bound=1)
flags.DEFINE_list(
    "batch_sizes", None, "Images at once; one table for each. Default: the suite's own, l2caf: 1,8."
)
flags.DEFINE_string("csv", "results/benchmark.csv", "The file to append to; empty: none.")
flags.DEFINE_integer("threads", 0, "For TensorFlow; 0: as many as it likes.", lower_bound=0)
flags.DEFINE_string(
    "intermediate_layer", None, "Where the general solver cuts; default: known for ResNet50."
)
flags.DEFINE_integer("loop_iterations", 200, "Steps of gradient loops.", lower_bound=1)
flags.DEFINE_list(
    "backbones",
    None,
    f"training: out of {','.join(backbones.names())}; default: mobilenet_v1,critter_net. stnet: "
    "also of keras.applications; default: alexnet,VGG16.",
)
flags.DEFINE_integer(
    "steps",
    None,
    "training: of the optimizer, in every case; default: 6, critter_net 24.",
    lower_bound=1,
)
flags.DEFINE_bool(
    "harness", False, "stnet: check and time the GPU kernels instead, without TensorFlow."
)


def suite_options_from_flags() -> SuiteOptions:
    """What the flags ask for; the model is ResNet50 unless --model names another.

    Raises:
        ValueError: If the batch sizes are no positive integers.
    """
    return SuiteOptions(
        model=FLAGS.model if FLAGS["model"].present else SuiteOptions.model,
        image_size=image_size_from_flags(),
        batch_sizes=_batch_sizes(),
        intermediate_layer=FLAGS.intermediate_layer,
        iterations=FLAGS.loop_iterations,
        threads=FLAGS.threads,
        backbones=_names(FLAGS.backbones),
        methods=_names(FLAGS.method),
        steps=FLAGS.steps,
    )


def _names(items: list[str] | None) -> tuple[str, ...] | None:
    return tuple(item.strip() for item in items) if items else None


def _batch_sizes() -> tuple[int, ...] | None:
    if FLAGS.batch_sizes is None:
        return None
    sizes = [item.strip() for item in FLAGS.batch_sizes]
    if not sizes or not all(size.isdigit() and int(size) for size in sizes):
        raise ValueError(
            f"Expected --batch_sizes=1,8 (integers from 1), but {','.join(sizes)!r} came."
        )
    return tuple(int(size) for size in sizes)
