"""A trained classifier with everything needed to show it a photograph."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfwsol.backbones.image_scaling import Scaling, on_a_copy, scaling
from tfwsol.backbones.keras_application import find_application, trained_application
from tfwsol.backbones.keras_file import load_keras_model
from tfwsol.backbones.model_error import ModelError, first_words
from tfwsol.backbones.trained_backbone import (
    Convert,
    choosable,
    find_backbone,
    trained_backbone,
)
from tfwsol.backbones.usual_scaling import usual_scaling
from tfwsol.data.imagenet_classes import imagenet_class_names

__all__ = [
    "PREPROCESS",
    "ModelError",
    "TrainedClassifier",
    "load_classifier",
]

PREPROCESS = ("auto", "none", "tf", "torch", "caffe")
_USUAL_SIDE = 224


@dataclasses.dataclass(frozen=True)
class TrainedClassifier:
    """A model and how to feed and read it.

    Attributes:
        model: The Keras model.
        name: What it was asked for by.
        preprocess: From float32 RGB 0..255, batch × height × width × 3, to what the model takes.
        preprocess_name: "tf", "torch", "torch, BGR", "caffe" or "none", or "auto (<model>)".
        image_size: (height, width) of its input.
        class_names: One per class, or None.
    """

    model: keras.Model
    name: str
    preprocess: Scaling
    preprocess_name: str
    image_size: tuple[int, int]
    class_names: Sequence[str] | None


def load_classifier(
    model: str,
    weights: str = "imagenet",
    preprocess: str = "auto",
    image_size: Sequence[int] | None = None,
    class_names: str | os.PathLike[str] | None = None,
    options: Mapping[str, Any] | None = None,
    convert: Convert | None = None,
) -> TrainedClassifier:
    """The classifier that a name or a file stands for, with trained weights.

    Args:
        model: A name in `keras.applications`, one of `backbones.names()` (case does not matter;
            "tfwsol:vgg16" where Keras has the name as well), or a path to a `.keras` file.
        weights: "imagenet" (downloaded by Keras, or from its cache; only for Keras' networks) or
            a file of weights; of no meaning for a `.keras` file.
        preprocess: "auto": as `keras.applications` does for that name, or as the weights of our
            own networks mostly want (`usual_scaling`); none for a `.keras` file. "none", "tf" (to
            -1..1), "torch" (ImageNet mean and deviation) or "caffe" (BGR minus mean).
        image_size: (height, width); None: the model's own, or 224 × 224 where it takes any.
        class_names: A text file with one name per line; None: ImageNet's for a name with 1000
            classes.
        options: Arguments of the network's function, such as `{"alpha": 0.75}`.
        convert: `checkpoints.convert`, for files of PyTorch and tensorpack and our own networks.

    Raises:
        ModelError: If the name is unknown, a file is missing or does not fit, the weights cannot
            be downloaded, or the names do not match the classes.
    """
    if preprocess not in PREPROCESS:
        raise ModelError(
            f"Expected the preprocessing to be one of {list(PREPROCESS)}, but {preprocess!r} came."
        )
    is_imagenet = True
    if str(model).endswith((".keras", ".h5")) or os.path.exists(model):
        built, is_imagenet = _read_model(pathlib.Path(model)), False
        mode, scale = "none", np.asarray
    elif backbone := find_backbone(model):
        built = trained_backbone(backbone, weights, image_size, options, convert)
        mode, scale = _usual(backbone, weights)
    else:
        name, module = find_application(model, also=choosable())
        built = trained_application(name, weights, image_size, options)
        mode, scale = f"auto ({built.name})", on_a_copy(module.preprocess_input)
    if preprocess != "auto":
        mode, scale = preprocess, _scaling(preprocess)
    return TrainedClassifier(
        built,
        str(model),
        scale,
        mode,
        _image_size(built, image_size),
        _class_names(class_names, built.output_shape[-1], is_imagenet),
    )


def _read_model(path: pathlib.Path) -> keras.Model:
    if not path.is_file():
        raise ModelError(f"There is no model file {path}; give a .keras file or a name such as "
                         "MobileNetV2.")  # fmt: skip
    try:
        return load_keras_model(path)
    except Exception as error:  # Keras raises many kinds; all mean that this file is no use
        raise ModelError(
            f"Model file {path} cannot be loaded ({first_words(error)}); if it holds classes "
            "of your own, import the module that registers them, or save the model again."
        ) from error


def _usual(backbone: str, weights: str) -> tuple[str, Scaling]:
    mode = usual_scaling(backbone, weights)
    return mode, _scaling(mode)


def _scaling(mode: str) -> Scaling:
    return np.asarray if mode == "none" else scaling(mode)


def _image_size(model: keras.Model, asked: Sequence[int] | None) -> tuple[int, int]:
    shape = getattr(model, "input_shape", None)
    if isinstance(shape, list | dict) or shape is None or len(shape) != 4:
        if asked is None:
            raise ModelError(
                f"Model {model.name!r} does not take one batch of images (its input is {shape}); "
                "give --image_size if it does, or use tfwsol.methods from Python."
            )
        return int(asked[0]), int(asked[1])
    own = tuple(shape[1:3])
    usual = [side or _USUAL_SIDE for side in own]
    asked = tuple(int(side) for side in (usual if asked is None else asked))
    if any(side is not None and side != wanted for side, wanted in zip(own, asked, strict=True)):
        raise ModelError(
            f"Model {model.name!r} takes images of {own[0]} × {own[1]} pixels, but "
            f"{asked[0]} × {asked[1]} was asked for; leave --image_size out."
        )
    return asked


def _class_names(
    path: str | os.PathLike[str] | None, classes: int, is_imagenet: bool
) -> Sequence[str] | None:
    if path is None:
        return imagenet_class_names() if is_imagenet and classes == 1000 else None
    try:
        names = pathlib.Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"Class names cannot be read from {path} ({error}).") from error
    if len(names) != classes:
        raise ModelError(
            f"{path} holds {len(names)} lines, but the model has {classes} classes; write one name "
            "per line."
        )
    return names
