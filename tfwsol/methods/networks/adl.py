"""Attention-based dropout: a plain classifier with ADL layers at its published places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfwsol.graph import insert_after
from tfwsol.layers import ADL
from tfwsol.methods.localizer import Localizer
from tfwsol.methods.networks.adl_positions import places, threshold
from tfwsol.methods.networks.backbone import Backbone, initialised
from tfwsol.methods.networks.class_activation import cam_network


def adl(
    backbone: Backbone,
    num_classes: int,
    positions: str | Sequence[str | int] | None = None,
    drop_rate: float = 0.75,
    drop_threshold: float | None = None,
    seed: int | None = None,
    weights: Any = None,
    **options: Any,
) -> Localizer:
    """CAM trained with attention-based dropout; see `layers.ADL`.

    Args:
        backbone: As of `build`.
        num_classes: At least one.
        positions: "tf1", "wsolevaluation", "tfwsol", or layer names or numbers of the TF1
            program, see `adl_positions.places`.
        drop_rate: Probability of the drop mask.
        drop_threshold: The paper's γ; None: 0.9 for ResNet and Inception, 0.8 for others.
        seed: Of the draws; each layer draws its own.
        weights: As of `build`.
        options: Of the backbone. InceptionV3 has no dropout in its head here, as published.

    Source: Choe & Shim, CVPR 2019.
    """
    if backbone == "inception_v3":
        options = {"dropout_rate": 0.0, **options}
    network = cam_network(backbone, num_classes, weights, **options)
    gamma = threshold(network.name) if drop_threshold is None else drop_threshold
    gates = {}
    for index, place in enumerate(places(network, positions)):
        own_seed = None if seed is None else seed + index
        name = f"adl_{place.replace('/', '_')}"
        gates[place] = ADL(drop_rate, gamma, own_seed, name=name)
    network = insert_after(network, gates)
    initialised(network, backbone, weights)
    return Localizer(network, "adl")
