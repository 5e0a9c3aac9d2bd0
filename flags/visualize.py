"""Flags that say what to explain and how to show it."""

from __future__ import annotations

from absl import flags

from tfwsol.evaluation.explanation_settings import METHODS, ExplanationSettings

FLAGS = flags.FLAGS

flags.DEFINE_list("methods", ["l2caf"], f"Out of {','.join(METHODS)}.")
flags.DEFINE_string(
    "layer", None, "The layer to explain; default: the last with more than one spatial cell."
)
flags.DEFINE_enum(
    "objective", "class_specific", ["class_specific", "class_oblivious"], "Of L2-CAF."
)
flags.DEFINE_enum("filter_type", "l2", ["l2", "softmax", "gaussian"], "Of L2-CAF.")
flags.DEFINE_enum("solver", "auto", ["auto", "exact", "lbfgs", "power", "reference"], "Of L2-CAF.")
flags.DEFINE_enum("preset", "pytorch", ["pytorch", "tf1"], "Published program that L2-CAF's "
                  "reference solver follows.")  # fmt: skip
flags.DEFINE_enum("sign", "abs", ["abs", "positive", "signed"], "How L2-CAF shows negative cells.")
flags.DEFINE_enum(
    "contrast", "sum", ["sum", "mean"], "How other classes count in L2-CAF; sum: as published."
)
flags.DEFINE_list("class_ids", [], "Classes to explain in every photograph; default: predicted.")
flags.DEFINE_integer("top_k", 1, "How many predicted classes to explain.", lower_bound=1)
flags.DEFINE_float(
    "box_threshold", 0.3, "Foreground of a map's box, as a share of the map's range."
)
flags.DEFINE_bool("gif", False, "Also film the published loop of L2-CAF, one GIF per class.")
flags.DEFINE_string("colormap", "bwr", "A matplotlib colormap.")
flags.DEFINE_float("alpha", 0.6, "Weight of the map in the overlay.", 0.0, 1.0)
flags.DEFINE_integer("batch_size", 8, "Photographs explained together.", lower_bound=1)
flags.DEFINE_enum(
    "on_unreadable", "skip", ["skip", "fail"], "What to do with photographs that cannot be read."
)


def settings_from_flags() -> ExplanationSettings:
    """The settings the flags give.

    Raises:
        ValueError: If a method is unknown or a class id is no integer.
    """
    if not all(item.strip().isdigit() for item in FLAGS.class_ids):
        raise ValueError(
            f"Expected --class_ids=281,282 (integers from 0), but {','.join(FLAGS.class_ids)} came."
        )
    return ExplanationSettings(
        methods=tuple(name.strip().lower() for name in FLAGS.methods),
        class_ids=tuple(int(item) for item in FLAGS.class_ids),
        **{name: getattr(FLAGS, name) for name in _SAME_NAME},
    )


_SAME_NAME = (
    "layer",
    "top_k",
    "objective",
    "filter_type",
    "solver",
    "preset",
    "sign",
    "contrast",
    "box_threshold",
    "gif",
    "colormap",
    "alpha",
)
