"""Flags that say what to explain in photographs and how to show it."""

from __future__ import annotations

from absl import flags

import tfwsol.flags.top_k  # noqa: F401
from tfwsol.evaluation.explanation_settings import METHODS, ExplanationSettings
from tfwsol.flags.explainer import explainer_options

FLAGS = flags.FLAGS

flags.DEFINE_list("methods", ["l2caf"], f"Out of {','.join(METHODS)}.")
flags.DEFINE_list("class_ids", [], "Classes to explain in every photograph; default: predicted.")
flags.DEFINE_float(
    "box_threshold", 0.3, "Foreground of a map's box, as a share of the map's range."
)
flags.DEFINE_bool("gif", False, "Also film the published loop of L2-CAF, one GIF per class.")
flags.DEFINE_string("colormap", "bwr", "A matplotlib colormap.")
flags.DEFINE_float("alpha", 0.6, "Weight of the map in the overlay.", 0.0, 1.0)
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
        **explainer_options(),
        **{name: getattr(FLAGS, name) for name in _SAME_NAME},
    )


_SAME_NAME = ("top_k", "box_threshold", "gif", "colormap", "alpha")
