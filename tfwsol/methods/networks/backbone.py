"""The backbone of a localizer: one of ours by name, or a Keras model of the user's own."""

from __future__ import annotations

import inspect
import os
from typing import Any

import keras

from tfwsol import backbones
from tfwsol.backbones.output_stride import with_output_stride
from tfwsol.methods.networks.initial_weights import is_for_backbone, set_weights

Backbone = str | keras.Model
"""A name of `backbones.names()`, or a functional or Sequential model."""

_WITHOUT_TRUNK = ("critter_net",)
"""Backbones that are always whole classifiers; their trunk is cut off like a user's."""


def network_of(
    backbone: Backbone,
    num_classes: int | None,
    weights: str | os.PathLike[str] | None = None,
    **options: Any,
) -> keras.Model:
    """The network that a localizer starts from.

    Args:
        backbone: A name, which is built, or a model, which is taken as it is.
        num_classes: Width of a named network's output; None: only its trunk, where it can be
            built alone.
        weights: See `build`; only those of the backbone are set here.
        options: Of the named network's function; for a model only `output_stride`.

    Raises:
        ValueError: If there is no such backbone or it has no such option.
        TypeError: If it is neither a name nor a functional model.
    """
    if not isinstance(backbone, str):
        _refuse_imagenet(weights, getattr(backbone, "name", ""))
        return _own_model(backbone, **options)
    if backbone not in backbones.names():
        return backbones.build(backbone)
    arguments = dict(options)
    known = inspect.signature(getattr(backbones, backbone)).parameters
    if is_for_backbone(weights, "weights" in known):
        arguments["weights"] = weights
    else:
        _refuse_imagenet(weights, backbone)
    unknown = sorted(set(arguments) - set(known) | {"num_classes"} & set(arguments))
    if unknown:
        raise ValueError(
            f"Backbone {backbone!r} has no option {unknown[0]!r}; it has "
            f"{[name for name in known if name != 'num_classes']}."
        )
    if num_classes is None and backbone in _WITHOUT_TRUNK:
        num_classes = 1
    return backbones.build(backbone, num_classes=num_classes, **arguments)


def initialised(
    network: keras.Model, backbone: Backbone, weights: str | os.PathLike[str] | None
) -> None:
    """Sets a network's weights from a file, unless the backbone has done so itself."""
    if weights is None:
        return
    known = ()
    if isinstance(backbone, str):
        known = inspect.signature(getattr(backbones, backbone)).parameters
    if not is_for_backbone(weights, "weights" in known):
        set_weights(network, weights)


def _refuse_imagenet(weights: str | os.PathLike[str] | None, name: str) -> None:
    if weights == "imagenet":
        raise ValueError(
            f"No ImageNet weights of Keras fit backbone {name!r}; give a file of torchvision, timm "
            "or tensorpack, or a .keras file, as weights, or a model that has its weights already."
        )


def _own_model(model: Any, **options: Any) -> keras.Model:
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"Expected a backbone's name, one of {backbones.names()}, or a Keras model, but "
            f"{type(model).__name__} came."
        )
    stride = options.pop("output_stride", None)
    if options:
        raise ValueError(
            f"Options {sorted(options)} are for backbones given by name; of a model of your own "
            "only output_stride can be chosen."
        )
    return model if stride is None else with_output_stride(model, stride)
