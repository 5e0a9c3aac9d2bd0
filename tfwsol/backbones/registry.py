"""The networks of this package by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import keras

from tfwsol.backbones.alexnet import alexnet
from tfwsol.backbones.application import application
from tfwsol.backbones.critter_net import critter_net
from tfwsol.backbones.googlenet import googlenet
from tfwsol.backbones.inception_v3 import inception_v3
from tfwsol.backbones.mobilenet_v1 import mobilenet_v1
from tfwsol.backbones.resnet50 import resnet50, resnet50_se
from tfwsol.backbones.squeezenet import squeezenet
from tfwsol.backbones.vgg16 import vgg16

_BUILDERS: dict[str, Callable[..., keras.Model]] = {
    "alexnet": alexnet,
    "application": application,
    "critter_net": critter_net,
    "googlenet": googlenet,
    "inception_v3": inception_v3,
    "mobilenet_v1": mobilenet_v1,
    "resnet50": resnet50,
    "resnet50_se": resnet50_se,
    "squeezenet": squeezenet,
    "vgg16": vgg16,
}


def names() -> list[str]:
    """The names that `build` knows, sorted."""
    return sorted(_BUILDERS)


def build(name: str, /, **options: Any) -> keras.Model:
    """The untrained network of that name; options go to its function.

    Raises:
        ValueError: There is no network of that name.
    """
    if name not in _BUILDERS:
        near = difflib.get_close_matches(name, names(), n=1) or names()
        raise ValueError(f"No backbone is called {name!r}; did you mean {', '.join(near)}?")
    return _BUILDERS[name](**options)
