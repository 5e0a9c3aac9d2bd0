"""The published methods, one file each, on one contract.

Explainers take any trained classifier; trainable localizers are Keras models made by `build`.
Importing the package registers the latter for loading `.keras` files; explainers and TensorFlow
are imported when first asked for.
"""

from typing import Any

from tfwsol.methods.acol_localizer import ACoLLocalizer
from tfwsol.methods.cut_mix_localizer import CutMixLocalizer
from tfwsol.methods.localizer import Localizer
from tfwsol.methods.spg_localizer import SPGLocalizer

__all__ = [
    "CAM",
    "L2CAF",
    "ACoLLocalizer",
    "CutMixLocalizer",
    "GradCAM",
    "LayerCAM",
    "Localizer",
    "SPGLocalizer",
    "STNet",
    "build",
    "names",
    "options_of",
]


def __getattr__(name: str) -> Any:
    if name == "CAM":
        from tfwsol.methods.cam import CAM

        return CAM
    if name == "GradCAM":
        from tfwsol.methods.grad_cam import GradCAM

        return GradCAM
    if name == "L2CAF":
        from tfwsol.methods.l2caf import L2CAF

        return L2CAF
    if name == "LayerCAM":
        from tfwsol.methods.layer_cam import LayerCAM

        return LayerCAM
    if name == "STNet":
        from tfwsol.methods.stnet import STNet

        return STNet
    if name in ("build", "names", "options_of"):
        from tfwsol.methods import registry

        return getattr(registry, name)
    raise AttributeError(f"module 'tfwsol.methods' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
