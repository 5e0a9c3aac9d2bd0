"""How the weights that people have for our networks want their images."""

from __future__ import annotations

import os

ALWAYS = {"critter_net": "none", "googlenet": "tf", "mobilenet_v1": "tf"}
"""Networks whose weights all want the same."""

_KERAS_FILES = {"squeezenet": "caffe"}
_TENSORPACK_FILES = {"vgg16": "caffe", "resnet50": "torch, BGR", "resnet50_se": "torch, BGR"}
KERAS_ENDINGS = (".h5", ".keras")
"""Of files that Keras wrote, in small letters."""


def usual_scaling(backbone: str, weights: str | os.PathLike[str]) -> str:
    """The preprocessing that a file of weights for a network of this package mostly wants.

    A guess where one network's weights come from several places: Keras files of ``squeezenet``
    are taken for the authors' own, made with Caffe, and PyTorch's for torchvision's. Files of
    ``vgg16`` that end in .h5 are Keras' own, but .weights.h5 is what our converter writes.
    torchvision trained its ``googlenet`` no further than Google had, so it keeps Google's range.

    Args:
        backbone: A name of `backbones.names()`.
        weights: The file; its ending says whose it is.

    Returns:
        "tf" (RGB / 127.5 - 1), "torch" (RGB / 255 with ImageNet's mean and deviation), "torch,
        BGR" (the same, channels turned round), "caffe" (BGR minus the mean) or "none".
    """
    if backbone in ALWAYS:
        return ALWAYS[backbone]
    ending = os.fspath(weights).lower()
    if ending.endswith(".npz"):
        return _TENSORPACK_FILES.get(backbone, "torch")
    if backbone == "vgg16" and ending.endswith(".h5") and not ending.endswith(".weights.h5"):
        return "caffe"
    if ending.endswith(KERAS_ENDINGS):
        return _KERAS_FILES.get(backbone, "torch")
    return "torch"
