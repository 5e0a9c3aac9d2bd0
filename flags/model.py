"""Flags that say which trained classifier to use, and how to feed it."""

from __future__ import annotations

import os
import pathlib
from typing import Any

from absl import flags

from tfwsol import checkpoints
from tfwsol.backbones.trained_classifier import PREPROCESS, TrainedClassifier, load_classifier
from tfwsol.flags.named_values import named_values

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "model",
    "MobileNetV2",
    "A name in keras.applications, a backbone of tfwsol (squeezenet,...; tfwsol:vgg16 where Keras "
    "has the name, too), or the path of a .keras file.",
)
flags.DEFINE_string(
    "weights",
    "imagenet",
    "'imagenet' or a file of weights (.weights.h5, .h5; for backbones of tfwsol also .pth, ...).",
)
flags.DEFINE_enum(
    "preprocess",
    "auto",
    PREPROCESS,
    "auto: as keras.applications does, or as the weights of a tfwsol backbone mostly want; none "
    "for a .keras file.",
)
flags.DEFINE_list(
    "image_size", None, "Height,width (or one side) of the model's input; default: the model's own."
)
flags.DEFINE_string("class_names", None, "A text file with one class name per line.")
flags.DEFINE_list("model_options", [], "Options of the model's function: alpha=0.75,...")


def classifier_from_flags() -> TrainedClassifier:
    """The classifier the flags name; says aloud what no more than a guess tells of its images."""
    classifier = load_classifier(
        FLAGS.model,
        FLAGS.weights,
        FLAGS.preprocess,
        image_size_from_flags(),
        FLAGS.class_names,
        named_values("model_options"),
        checkpoints.convert,
    )
    if classifier.preprocess_name == "none":
        print("Images go in as RGB 0..255 (--preprocess=none); the model must scale them itself.")
    elif FLAGS.preprocess == "auto" and not classifier.preprocess_name.startswith("auto"):
        print(
            f"Images are scaled as such weights of {FLAGS.model} mostly want "
            f"({classifier.preprocess_name}); say --preprocess=... where they want another."
        )
    return classifier


def model_identity() -> dict[str, Any]:
    """What decides which classifier this is, without loading it; files by size and time."""
    names = ("model", "weights", "preprocess", "class_names")
    identity = {name: _with_state(getattr(FLAGS, name)) for name in names}
    return {**identity, "image_size": FLAGS.image_size, "model_options": FLAGS.model_options}


def image_size_from_flags() -> tuple[int, int] | None:
    """(height, width) as given, or None.

    Raises:
        ValueError: If the flag is no one or two positive integers.
    """
    if not FLAGS.image_size:
        return None
    sides = [int(side) if side.strip().isdigit() else 0 for side in FLAGS.image_size]
    if len(sides) > 2 or min(sides) < 1:
        raise ValueError(
            f"Expected --image_size=224 or --image_size=224,320, but {','.join(FLAGS.image_size)} "
            "came."
        )
    return sides[0], sides[-1]


def _with_state(value: str | None) -> Any:
    path = pathlib.Path(value or "")
    if value is None or not path.is_file():
        return value
    state = os.stat(path)
    return [str(path.resolve()), state.st_size, state.st_mtime_ns]
