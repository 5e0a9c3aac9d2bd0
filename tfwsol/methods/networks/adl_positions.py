"""Where the attention-based dropout layers stand in each backbone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

_RESNET = ("layer3_0", "layer4_0", "layer4_2")
PLACES: dict[str, dict[str, tuple[str, ...]]] = {
    "vgg16": {
        "tf1": ("pool3", "pool4", "conv5_3"),
        "wsolevaluation": ("pool3", "conv4_3", "conv5_3"),
    },
    "resnet50_se": {"tf1": _RESNET, "wsolevaluation": _RESNET},
    "resnet50": {"tf1": _RESNET, "wsolevaluation": _RESNET},
    "inception_v3": {"wsolevaluation": ("Mixed_5d", "Mixed_6e", "head_conv2")},
    "mobilenet_v1": {"tfwsol": ("conv_pw_7_relu", "conv_pw_11_relu", "conv_pw_13_relu")},
    "critter_net": {"tfwsol": ("relu3", "features")},
}
"""Layer names by backbone and variant, the default first.

"tf1" is the authors' own program, also meant by the paper; "wsolevaluation" the benchmark's;
"tfwsol" is our choice, where the authors released none (MobileNetV1) or there is no paper.
"""

_THRESHOLDS = {"resnet50": 0.9, "resnet50_se": 0.9, "inception_v3": 0.9}
_RESNET_STAGES = {2: "layer1_2", 3: "layer2_3", 4: "layer3_5", 5: "layer4_2"}
_RESNET_STEM = {0: "relu1", 1: "pool1"}


def places(network: keras.Model, positions: str | Sequence[str | int] | None) -> list[str]:
    """The names of the layers behind which an ADL goes.

    Args:
        network: Named like its backbone.
        positions: A variant of `PLACES`; None: the first one that the network has the layers
            for; or the places themselves, as layer names or as the numbers of the authors' TF1
            program (3, 4, 53 for VGG; 31, 41, 5 for ResNet).

    Raises:
        ValueError: If a variant or number is unknown for that network, or none is given where
            there is no default.
    """
    known = PLACES.get(network.name, {})
    if positions is None:
        names = {layer.name for layer in network.layers}
        found = next((list(v) for v in known.values() if names.issuperset(v)), None)
        if found is None:
            raise ValueError(
                f"No ADL positions are published for backbone {network.name!r}; say behind which "
                "layers, as in positions=('block4_pool', 'block5_conv3')."
            )
        return found
    if isinstance(positions, str):
        if positions not in known:
            raise ValueError(
                f"No ADL positions {positions!r} are known for backbone {network.name!r}; choose "
                f"from {list(known)}, or give layer names."
            )
        return list(known[positions])
    return [_name(network.name, place) for place in positions]


def threshold(network_name: str) -> float:
    """The paper's γ for a backbone: 0.9 for ResNet (and wsolevaluation's Inception), else 0.8."""
    return _THRESHOLDS.get(network_name, 0.8)


def _name(network: str, place: Any) -> str:
    if isinstance(place, str):
        return place
    stage, inner = divmod(place, 10)
    if network == "vgg16":
        if place == 6:
            raise ValueError(
                "Position 6 of the TF1 program gates the input of the added convolution and throws "
                "its output away, a mistake that no published model contains; use the layer name "
                "'conv6' for an ADL behind that convolution."
            )
        if 1 <= place <= 4:
            return f"pool{place}"
        if 1 <= stage <= 5 and 1 <= inner <= (2 if stage < 3 else 3):
            return f"conv{stage}_{inner}"
    if network in ("resnet50", "resnet50_se"):
        if place in (*_RESNET_STEM, *_RESNET_STAGES):
            return {**_RESNET_STEM, **_RESNET_STAGES}[place]
        if 1 <= stage <= 4 and 1 <= inner <= (3, 4, 6, 3)[stage - 1]:
            return f"layer{stage}_{inner - 1}"
    raise ValueError(
        f"{place!r} is no position of the TF1 program in backbone {network!r}; give a layer name."
    )
