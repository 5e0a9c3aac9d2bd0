"""ACoL's two branches on a backbone."""

from __future__ import annotations

from typing import Any

import keras

from tfwsol.backbones.zero_border import averaged
from tfwsol.layers import ClassActivationHead
from tfwsol.layers.argument_checks import check_whole_number
from tfwsol.methods.acol_localizer import ACoLLocalizer
from tfwsol.methods.networks.backbone import Backbone, initialised, network_of
from tfwsol.methods.networks.published_names import holds_whole_localizer, take_over
from tfwsol.methods.networks.trunk import trunk_of

_WIDTHS = dict.fromkeys(("vgg16", "resnet50", "resnet50_se", "inception_v3"), 1024)
_HE = ("resnet50", "resnet50_se")


def acol(
    backbone: Backbone,
    num_classes: int,
    threshold: float = 0.7,
    width: int | None = None,
    weights: Any = None,
    **options: Any,
) -> ACoLLocalizer:
    """Adversarial complementary learning; see `ACoLLocalizer`.

    VGG16, given by name, gets the five 3 × 3 pools and the average pool of wsolevaluation. Each
    branch is two 3 × 3 convolutions with ReLU and a 1 × 1 convolution to class maps.

    Args:
        backbone: As of `build`; of a classifier only the part before its head is used.
        num_classes: At least one.
        threshold: See `ACoLLocalizer`.
        width: Filters of the branches; None: 1024 for the networks of the papers, otherwise as
            many as the features have.
        weights: As of `build`, for the backbone; or wsolevaluation's checkpoint of ACoL itself.
        options: Of the backbone.
    """
    if backbone == "vgg16":
        options = {"pool_sizes": (3, 3, 3, 3, 3), **options}
    is_whole = holds_whole_localizer(weights, "acol")
    trunk_weights = None if is_whole else weights
    model = network_of(backbone, None, trunk_weights, **options)
    initialised(model, backbone, trunk_weights)
    trunk = trunk_of(model)
    features = trunk.features
    if backbone == "vgg16":
        features = averaged(features, "acol_average")
    if width is None:
        width = _WIDTHS.get(trunk.name, features.shape[-1])
    width = check_whole_number("width", width, 1)
    logits, class_maps = _branch(features, "acol_a", num_classes, width, trunk.name in _HE)
    outputs = {"logits": logits, "class_maps": class_maps, "features": features}
    network = keras.Model(trunk.image, outputs, name=trunk.name)
    start = keras.Input((None, None, features.shape[-1]), name="features", dtype=features.dtype)
    second = _branch(start, "acol_b", num_classes, width, trunk.name in _HE)
    localizer = ACoLLocalizer(network, keras.Model(start, second, name="acol_b"), threshold)
    if is_whole:
        take_over(localizer, weights)
    return localizer


def _branch(
    x: keras.KerasTensor, name: str, num_classes: int, width: int, he: bool
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Logits and class maps of one branch."""
    for place in (1, 2):
        x = keras.layers.Conv2D(
            width,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=_initializer(he),
            name=f"{name}_conv{place}",
        )(x)
    head = ClassActivationHead(
        num_classes,
        width,
        "convolution",
        kernel_initializer=_initializer(he),
        dtype="float32",
        name=f"{name}_head",
    )
    return head(x)


def _initializer(he: bool) -> keras.initializers.Initializer:
    if he:
        return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    return keras.initializers.GlorotUniform()
