"""A trained classifier with everything needed to show it a photograph."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import os
import pathlib
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfwsol.backbones.weight_download import DownloadError, with_downloads
from tfwsol.data.imagenet_classes import imagenet_class_names

PREPROCESS = ("auto", "none", "tf", "torch", "caffe")
_USUAL_SIDE = 224


class ModelError(ValueError):
    """A model that cannot be had; its text is one sentence for the person who asked."""


@dataclasses.dataclass(frozen=True)
class TrainedClassifier:
    """A model and how to feed and read it.

    Attributes:
        model: The Keras model.
        name: What it was asked for by.
        preprocess: From float32 RGB 0..255, batch × height × width × 3, to what the model takes.
        preprocess_name: "tf", "torch", "caffe" or "none", or "auto (<model>)".
        image_size: (height, width) of its input.
        class_names: One per class, or None.
    """

    model: keras.Model
    name: str
    preprocess: Callable[[np.ndarray], np.ndarray]
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
) -> TrainedClassifier:
    """The classifier that a name or a file stands for, with trained weights.

    Args:
        model: A name in `keras.applications` (case does not matter), or a path to a `.keras` file.
        weights: "imagenet" (downloaded by Keras, or from its cache) or a file of weights; of no
            meaning for a `.keras` file.
        preprocess: "auto": as `keras.applications` does for that name; none for a `.keras` file.
            "none", "tf" (to -1..1), "torch" (ImageNet mean and deviation) or "caffe" (BGR minus
            mean).
        image_size: (height, width); None: the model's own, or 224 × 224 where it takes any.
        class_names: A text file with one name per line; None: ImageNet's for a
            `keras.applications` name with 1000 classes.
        options: Arguments of the `keras.applications` function, such as `{"alpha": 0.75}`.

    Raises:
        ModelError: If the name is unknown, a file is missing or does not fit, the weights cannot
            be downloaded, or the names do not match the classes.
    """
    if preprocess not in PREPROCESS:
        raise ModelError(
            f"Expected the preprocessing to be one of {list(PREPROCESS)}, but {preprocess!r} came."
        )
    from_file = str(model).endswith((".keras", ".h5")) or os.path.exists(model)
    if from_file:
        built, module = _read_model(pathlib.Path(model)), None
    else:
        name, module = find_application(model)
        built = _build(name, module, weights, image_size, dict(options or {}))
    if preprocess == "auto":
        preprocess = "none" if module is None else f"auto ({built.name})"
    return TrainedClassifier(
        built,
        str(model),
        _preprocessing(preprocess, module),
        preprocess,
        _image_size(built, image_size),
        _class_names(class_names, built.output_shape[-1], is_imagenet=module is not None),
    )


def _read_model(path: pathlib.Path) -> keras.Model:
    if not path.is_file():
        raise ModelError(f"There is no model file {path}; give a .keras file or a name such as "
                         "MobileNetV2.")  # fmt: skip
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises many kinds; all mean that this file is no use
        raise ModelError(
            f"Model file {path} cannot be loaded ({_first_words(error)}); if it holds classes "
            "of your own, import the module that registers them, or save the model again."
        ) from error


def find_application(name: str) -> tuple[str, types.ModuleType]:
    """The exact name of a `keras.applications` network, and the module that knows its scaling.

    Raises:
        ModelError: There is none; case, hyphens and underscores do not matter.
    """
    # Some modules hold a model's preprocessing but not the model; its source names the module.
    found = {
        key: getattr(keras.applications, build.__module__.rsplit(".", 1)[-1])
        for key, build in vars(keras.applications).items()
        if inspect.isfunction(build) and "weights" in inspect.signature(build).parameters
    }
    by_lower = {key.lower(): key for key in found}
    key = by_lower.get(name.lower().replace("_", "").replace("-", ""))
    if key is None:
        near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.4)
        raise ModelError(
            f"{name!r} is neither a .keras file nor a model of keras.applications; "
            f"near are {[by_lower[n] for n in near] or sorted(found)}."
        )
    return key, found[key]


def _build(
    name: str,
    module: types.ModuleType,
    weights: str,
    image_size: Sequence[int] | None,
    options: dict[str, Any],
) -> keras.Model:
    build = getattr(keras.applications, name)
    if image_size is not None:
        options.setdefault("input_shape", (*image_size, 3))
    if weights == "imagenet":
        return _download(name, lambda: build(weights="imagenet", **options))
    path = pathlib.Path(weights)
    if not path.is_file():
        raise ModelError(f"There is no weights file {path}; check the path given by --weights.")
    try:
        model = build(weights=None, **options)
        _load_weights(model, path)
    except Exception as error:  # a wrong shape, a wrong layer, no HDF5 at all: the file is no use
        raise ModelError(
            f"Weights {path} do not fit {name}{options or ''} ({_first_words(error)}); check the "
            "model's name and its options (alpha, classes, input_shape)."
        ) from error
    return model


def _download(name: str, build: Callable[[], keras.Model]) -> keras.Model:
    try:
        return with_downloads(build)
    except DownloadError as error:
        raise ModelError(
            f"The ImageNet weights of {name} are not on this machine and {error}; give a file with "
            "--weights=FILE."
        ) from error
    except ValueError as error:
        raise ModelError(f"{name} cannot be built: {_first_words(error)}.") from error


def _load_weights(model: keras.Model, path: pathlib.Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.load_weights(path)
    # Keras only warns where a file has nothing for a layer; such a model is half random.
    for warning in caught:
        if "freshly-initialized" in str(warning.message):
            raise ValueError(str(warning.message))


def _preprocessing(
    name: str, module: types.ModuleType | None
) -> Callable[[np.ndarray], np.ndarray]:
    if name == "none":
        return np.asarray
    if module is not None and name.startswith("auto"):
        return lambda images: module.preprocess_input(np.array(images, np.float32))
    scale = keras.applications.imagenet_utils.preprocess_input
    return lambda images: scale(np.array(images, np.float32), mode=name)


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


def _first_words(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return (text if len(text) <= 240 else f"{text[:240]}…").rstrip(".:")
