"""SPG's class maps and its three guiding branches on a backbone."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from tfwsol.backbones import endpoints
from tfwsol.layers.argument_checks import check_whole_number
from tfwsol.layers.self_produced_guidance import SIZE, THRESHOLDS
from tfwsol.methods.networks.backbone import Backbone, initialised, network_of
from tfwsol.methods.networks.published_names import holds_whole_localizer, take_over
from tfwsol.methods.networks.trunk import Trunk, class_activation_network, trunk_of
from tfwsol.methods.spg_localizer import SPGLocalizer

_GUIDES = {
    "vgg16": (("pool4", "conv4_3"), ("conv5_3",)),
    "resnet50": (("layer3_0",), ("layer3_5",)),
    "resnet50_se": (("layer3_0",), ("layer3_5",)),
    "inception_v3": (("pool3", "Mixed_5d"), ("Mixed_6d",)),
    "mobilenet_v1": (("conv_pw_6_relu",), ("conv_pw_11_relu",)),
    "critter_net": (("pool2",), ("relu3",)),
}
"""The maps that B1 and B2 read, each the first one of its names that a network has.

Those of VGG16, ResNet50 and InceptionV3 are wsolevaluation's (as its outputs show, B2 of
InceptionV3 reads the block before the last one); the others are ours.
"""


@dataclasses.dataclass(frozen=True)
class _Stages:
    """The maps of one network that the branches read, and the filters of the branches."""

    first: keras.KerasTensor
    second: keras.KerasTensor
    width: int
    last_width: int


def spg(
    backbone: Backbone,
    num_classes: int,
    guides: tuple[str, str] | None = None,
    width: int | None = None,
    thresholds: Any = THRESHOLDS,
    guidance_size: Any = SIZE,
    weights: Any = None,
    **options: Any,
) -> SPGLocalizer:
    """Self-produced guidance; see `SPGLocalizer`.

    Args:
        backbone: As of `build`.
        num_classes: At least one.
        guides: Names of the layers whose maps B1 and B2 read; None: the published ones, or ours
            for MobileNetV1 and the critters' network.
        width: Filters of the branches; None: 1024 for ResNet50 and 512 in VGG16, InceptionV3 and
            all branches C, otherwise at most 512, as many as the second guide has.
        thresholds: See `SPGLocalizer`.
        guidance_size: See `SPGLocalizer`.
        weights: As of `build`, for the backbone; or wsolevaluation's checkpoint of SPG itself.
        options: Of the backbone.

    Raises:
        ValueError: If no guides are known for the backbone, or it has no such layers.
    """
    if backbone == "vgg16":
        options = {"pool_sizes": (2, 2, 2, 3), **options}
    # Only InceptionV3 has published layers between the trunk and the class maps.
    classes = num_classes if backbone == "inception_v3" else None
    is_whole = holds_whole_localizer(weights, "spg")
    trunk_weights = None if is_whole else weights
    model = network_of(backbone, classes, trunk_weights, **options)
    trunk = _with_last_stage(model, backbone)
    network = class_activation_network(
        trunk,
        num_classes,
        form="convolution",
        kernel_initializer=keras.initializers.GlorotUniform(),
    )
    initialised(network, backbone, trunk_weights)
    branches = _branches(trunk.features, _stages(model, guides, width), backbone)
    outputs = {**network.output, **branches}
    network = keras.Model(network.inputs[0], outputs, name=network.name)
    localizer = SPGLocalizer(network, thresholds, guidance_size)
    if is_whole:
        take_over(localizer, weights)
    return localizer


def _with_last_stage(model: keras.Model, backbone: Backbone) -> Trunk:
    trunk = trunk_of(model)
    if backbone != "vgg16":
        return dataclasses.replace(trunk, classifier=None)
    x = trunk.features
    for place in (1, 2):
        x = _convolution(512, f"spg_a3_conv{place}")(x)
    return dataclasses.replace(trunk, features=x)


def _stages(model: keras.Model, guides: tuple[str, str] | None, width: int | None) -> _Stages:
    maps = endpoints(model)
    names = _GUIDES.get(model.name) if guides is None else [(guide,) for guide in guides]
    if names is None:
        raise ValueError(
            f"No SPG guides are published for backbone {model.name!r}; name the two layers whose "
            f"maps are to guide, as in guides={tuple(list(maps)[-3:-1])}."
        )
    found = [next((maps[name] for name in choice if name in maps), None) for choice in names]
    if len(found) != 2 or any(tensor is None for tensor in found):
        raise ValueError(
            f"Expected two guides among the maps of backbone {model.name!r}, but {guides} came; "
            f"it has {list(maps)}."
        )
    if width is not None:
        width = check_whole_number("width", width, 1)
    channels = found[1].shape[-1]
    if model.name.startswith("resnet50"):
        return _Stages(*found, width or 1024, width or 512)
    default = min(512, channels)
    return _Stages(*found, width or default, width or default)


def _branches(
    last: keras.KerasTensor, stages: _Stages, backbone: Backbone
) -> dict[str, keras.KerasTensor]:
    """The single maps b1, b2 and c, before the sigmoid."""
    shared = _convolution(stages.width, "spg_b_shared")
    single = keras.layers.Conv2D(1, 1, dtype="float32", name="spg_b_logit")
    maps = {}
    for name, x in (("b1", stages.first), ("b2", stages.second)):
        maps[name] = single(shared(_convolution(stages.width, f"spg_{name}")(x)))
    if backbone == "inception_v3":
        last = keras.layers.Dropout(0.5, name="spg_c_dropout")(last)
    last = _convolution(stages.last_width, "spg_c")(last)
    maps["c"] = keras.layers.Conv2D(1, 1, dtype="float32", name="spg_c_logit")(last)
    return maps


def _convolution(filters: int, name: str) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)
