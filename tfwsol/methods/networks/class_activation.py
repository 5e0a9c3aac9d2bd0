"""The networks of CAM and of the methods that only change how it is trained."""

from __future__ import annotations

from typing import Any

import keras

from tfwsol.graph import insert_after
from tfwsol.graph.flat_graph import nodes_in_order
from tfwsol.layers import CutMix, HideAndSeek
from tfwsol.methods.cut_mix_localizer import CutMixLocalizer
from tfwsol.methods.localizer import Localizer
from tfwsol.methods.networks.backbone import Backbone, initialised, network_of
from tfwsol.methods.networks.trunk import class_activation_network, trunk_of

_SCALING = (keras.layers.Rescaling, keras.layers.Normalization)


def cam(backbone: Backbone, num_classes: int, weights: Any = None, **options: Any) -> Localizer:
    """Class activation maps of a plain classifier.

    Source: Zhou et al., CVPR 2016.
    """
    network = cam_network(backbone, num_classes, weights, **options)
    initialised(network, backbone, weights)
    return Localizer(network, "cam")


def has(
    backbone: Backbone,
    num_classes: int,
    grid_size: int = 4,
    drop_rate: float = 0.5,
    seed: int | None = None,
    weights: Any = None,
    **options: Any,
) -> Localizer:
    """CAM trained on images with hidden cells; see `layers.HideAndSeek`.

    The cells are set to zero behind the scaling that a network brings itself, so that zero is
    the mean colour there as well.
    """
    network = cam_network(backbone, num_classes, weights, **options)
    initialised(network, backbone, weights)
    hide = HideAndSeek(grid_size, drop_rate, seed, name="hide_and_seek")
    return Localizer(insert_after(network, {scaled_input(network): hide}), "has")


def cutmix(
    backbone: Backbone,
    num_classes: int,
    beta: float = 1.0,
    probability: float = 1.0,
    seed: int | None = None,
    weights: Any = None,
    **options: Any,
) -> CutMixLocalizer:
    """CAM trained on mixed images; see `layers.CutMix`."""
    network = cam_network(backbone, num_classes, weights, **options)
    initialised(network, backbone, weights)
    # Images are not rounded to half precision before the network's own scaling.
    mix = CutMix(beta, probability, num_classes, seed, dtype="float32", name="cut_mix")
    return CutMixLocalizer(network, mix)


def cam_network(
    backbone: Backbone, num_classes: int, weights: Any = None, **options: Any
) -> keras.Model:
    """The backbone with a class activation head; a file's weights are not yet set."""
    model = network_of(backbone, num_classes, weights, **options)
    return class_activation_network(trunk_of(model), num_classes)


def scaled_input(network: keras.Model) -> str:
    """The name of the layer that gives the images as the first convolution sees them."""
    name, tensor = network.inputs[0]._keras_history.operation.name, network.inputs[0]
    for node in nodes_in_order(network):
        if isinstance(node.operation, _SCALING) and node.input_tensors[0] is tensor:
            name, tensor = node.operation.name, node.outputs[0]
    return name
