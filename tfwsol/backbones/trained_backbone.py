"""A network of this package with a file's weights, as a trained classifier."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tfwsol.backbones import registry
from tfwsol.backbones.keras_application import applications, plain
from tfwsol.backbones.keras_file import existing_file, load_keras_file
from tfwsol.backbones.model_error import ModelError, first_words
from tfwsol.backbones.usual_scaling import KERAS_ENDINGS

PREFIX = "tfwsol:"
"""Before the name of a network that keras.applications has, too."""

Convert = Callable[..., keras.Model]
"""`checkpoints.convert`: from a file, a name and options to the network with its weights."""


def choosable() -> list[str]:
    """The names by which `find_backbone` finds networks, as one should write them."""
    theirs = {plain(name) for name in applications()}
    names = [name for name in registry.names() if name != "application"]
    return [PREFIX * (plain(name) in theirs) + name for name in names]


def find_backbone(name: str) -> str | None:
    """The network of this package that a name stands for; None where it is none of them.

    Case, hyphens and underscores do not matter. Names that keras.applications knows mean its
    networks; "tfwsol:vgg16" means ours.
    """
    found = {plain(chosen): chosen.removeprefix(PREFIX) for chosen in choosable()}
    found |= {plain(PREFIX + own): own for own in found.values()}
    return found.get(plain(name))


def trained_backbone(
    name: str,
    weights: str,
    image_size: Sequence[int] | None = None,
    options: Mapping[str, Any] | None = None,
    convert: Convert | None = None,
) -> keras.Model:
    """The network of that name with all weights of a file, those of the class layer included.

    Args:
        name: As `find_backbone` gives it.
        weights: A Keras file, or one that `convert` reads.
        image_size: (height, width); None: the network's usual one.
        options: Of the network's function.
        convert: See `Convert`; None: only Keras files are read.

    Raises:
        ModelError: There is no such file, it does not fit, or an option is wrong.
    """
    if weights == "imagenet":
        raise ModelError(f"No ImageNet weights come with {name}; give a file with --weights=FILE.")
    path, options = existing_file(weights), dict(options or {})
    if image_size is not None:
        options.setdefault("input_shape", (*image_size, 3))
    if not path.name.lower().endswith(KERAS_ENDINGS):
        return _converted(name, path, options, convert)
    model = _built(name, options, lambda: registry.build(name, **options))
    try:
        load_keras_file(model, path)
    except Exception as error:  # Keras raises many kinds; all mean that this file does not fit
        raise ModelError(
            f"Weights {path} do not fit {name}{options or ''} ({first_words(error)}); check the "
            "network's name and its options (num_classes, version, width)."
        ) from error
    return model


def _converted(
    name: str, path: pathlib.Path, options: dict[str, Any], convert: Convert | None
) -> keras.Model:
    if convert is None:
        raise ModelError(
            f"{path} is no file of Keras; turn it into one with checkpoints.convert first."
        )
    return _built(name, options, lambda: convert(path, name, **options))


def _built(name: str, options: dict[str, Any], build: Callable[[], keras.Model]) -> keras.Model:
    try:
        return build()
    except TypeError as error:  # an option that the network does not have
        raise ModelError(f"{name} cannot be built with {options}: {first_words(error)}.") from error
