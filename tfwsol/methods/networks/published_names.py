"""Whole ACoL and SPG localizers from wsolevaluation's checkpoints."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

import keras
from absl import logging

from tfwsol import backbones, checkpoints
from tfwsol.backbones import FileWeight
from tfwsol.methods.acol_localizer import ACoLLocalizer
from tfwsol.methods.localizer import Localizer

_SOURCE = "wsolevaluation"
_TELLING = {"acol": "classifier_A.0.weight", "spg": "SPG_B_shared.0.weight"}
_GUIDES = {
    "spg_a3_conv1": "SPG_A_3.0",
    "spg_a3_conv2": "SPG_A_3.2",
    "spg_b1": "SPG_B_1a.0",
    "spg_b2": "SPG_B_2a.0",
    "spg_b_shared": "SPG_B_shared.0",
    "spg_b_logit": "SPG_B_shared.2",
    "spg_c": "SPG_C.0",
    "spg_c_logit": "SPG_C.2",
}


def holds_whole_localizer(weights: Any, method: str) -> bool:
    """True for a checkpoint of that very method, with its branches.

    Raises:
        checkpoints.CheckpointError: The file cannot be read.
    """
    if not isinstance(weights, str | os.PathLike) or weights == "imagenet":
        return False
    if os.fspath(weights).endswith((".keras", ".h5")):
        return False
    return _TELLING[method] in checkpoints.describe(weights).tensors


def take_over(localizer: Localizer, weights: str | os.PathLike[str]) -> None:
    """Sets all weights from such a checkpoint; class maps for other classes stay as they are.

    Raises:
        checkpoints.CheckpointError: It does not fill the localizer.
    """
    with checkpoints.reported(weights):
        filling = checkpoints.fill_weights(
            localizer, published_weights(localizer), checkpoints.read(weights), _SOURCE, True
        )
    logging.info("%s: %s", os.fspath(weights), filling)


def published_weights(localizer: Localizer) -> list[FileWeight]:
    """Every weight of an ACoL or SPG localizer with its name in wsolevaluation's checkpoints.

    Raises:
        ValueError: wsolevaluation has no such network.
    """
    trunk = backbones.file_weights(localizer.network, _SOURCE)
    if isinstance(localizer, ACoLLocalizer):
        branches = (("a", localizer.network), ("b", localizer.second))
        found = [_branch(model, letter) for letter, model in branches]
        return [*(weight for weight in trunk if not weight.is_head), *chain(*found)]
    names = {layer.name for layer in localizer.network.layers}
    guides = [
        _convolution(localizer.network.get_layer(layer), module)
        for layer, module in _GUIDES.items()
        if layer in names
    ]
    return [*_renamed(trunk, localizer.network.name), *chain(*guides)]


def _branch(model: keras.Model, letter: str) -> list[FileWeight]:
    layers = [model.get_layer(f"acol_{letter}_conv{place}") for place in (1, 2)]
    head = model.get_layer(f"acol_{letter}_head").classifier
    module = f"classifier_{letter.upper()}"
    found = [_convolution(layer, f"{module}.{2 * n}") for n, layer in enumerate(layers)]
    return [*chain(*found), *_convolution(head, f"{module}.4", is_head=True)]


def _convolution(layer: keras.Layer, module: str, is_head: bool = False) -> list[FileWeight]:
    return [
        FileWeight(f"{module}.weight", layer.kernel, is_head, (2, 3, 1, 0)),
        FileWeight(f"{module}.bias", layer.bias, is_head, None),
    ]


def _renamed(trunk: Iterable[FileWeight], network: str) -> list[FileWeight]:
    """SPG's networks have parts of the trunk in modules of their own."""
    return [
        dataclasses.replace(weight, name=_spg_name(weight.name, weight.variable.path, network))
        for weight in trunk
    ]


def _spg_name(name: str, path: str, network: str) -> str:
    module, kind = name.rsplit(".", 1)
    if module in ("fc", "SPG_A4"):
        return f"{'SPG_A_4' if network == 'vgg16' else 'SPG_A4'}.{kind}"
    if block := re.match(r"conv([45])_(\d)/", path):
        return f"SPG_A_{int(block[1]) - 3}.{2 * (int(block[2]) - 1)}.{kind}"
    if block := re.match(r"layer3\.(\d)\.(.*)", name):
        place = int(block[1])
        return f"SPG_A1.0.{block[2]}" if place == 0 else f"SPG_A2.{place - 1}.{block[2]}"
    return name
