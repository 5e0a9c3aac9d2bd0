"""The networks of keras.applications by name, with trained weights."""

from __future__ import annotations

import difflib
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tfwsol.backbones.keras_file import existing_file, load_keras_file
from tfwsol.backbones.model_error import ModelError, first_words
from tfwsol.backbones.weight_download import DownloadError, with_downloads


def applications() -> dict[str, types.ModuleType]:
    """The exact names of all `keras.applications` networks, and the modules with their scaling."""
    # Some modules hold a model's preprocessing but not the model; its source names the module.
    return {
        key: getattr(keras.applications, build.__module__.rsplit(".", 1)[-1])
        for key, build in vars(keras.applications).items()
        if inspect.isfunction(build) and "weights" in inspect.signature(build).parameters
    }


def plain(name: str) -> str:
    """A name as it is compared: case, hyphens and underscores do not matter."""
    return name.lower().replace("_", "").replace("-", "")


def find_application(name: str, also: Sequence[str] = ()) -> tuple[str, types.ModuleType]:
    """The exact name of a `keras.applications` network, and the module that knows its scaling.

    Args:
        name: What was asked for.
        also: More names that would have been right, for the sentence about a wrong one.

    Raises:
        ModelError: There is none; case, hyphens and underscores do not matter.
    """
    found = applications()
    by_lower = {key.lower(): key for key in found}
    key = by_lower.get(plain(name))
    if key is None:
        right = by_lower | {other.lower(): other for other in also}
        near = difflib.get_close_matches(name.lower(), right, n=3, cutoff=0.4)
        raise ModelError(
            f"{name!r} is neither a .keras file nor a model of keras.applications"
            f"{' or tfwsol' if also else ''}; near are "
            f"{[right[n] for n in near] or sorted(right.values())}."
        )
    return key, found[key]


def trained_application(
    name: str,
    weights: str = "imagenet",
    image_size: Sequence[int] | None = None,
    options: Mapping[str, Any] | None = None,
) -> keras.Model:
    """A `keras.applications` network with trained weights.

    Args:
        name: As `find_application` gives it.
        weights: "imagenet" (downloaded by Keras, or from its cache) or a file that fits.
        image_size: (height, width); None: the network's usual one.
        options: Arguments of the network's function.

    Raises:
        ModelError: The weights cannot be had or do not fit, or the network cannot be built.
    """
    build = getattr(keras.applications, name)
    options = dict(options or {})
    if image_size is not None:
        options.setdefault("input_shape", (*image_size, 3))
    if weights == "imagenet":
        return _download(name, lambda: build(weights="imagenet", **options))
    path = existing_file(weights)
    try:
        model = build(weights=None, **options)
        load_keras_file(model, path)
    except Exception as error:  # a wrong shape, a wrong layer, no HDF5 at all: the file is no use
        raise ModelError(
            f"Weights {path} do not fit {name}{options or ''} ({first_words(error)}); check the "
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
        raise ModelError(f"{name} cannot be built: {first_words(error)}.") from error
