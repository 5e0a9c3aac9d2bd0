"""Which array of a weight file belongs into which variable of a network, and in which layout."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import keras
import numpy as np

from tfwsol.backbones import module_names

_HEAD = ("conv6", "conv10", "head_conv1", "head_conv2", "logits")
_TORCH = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias",
          "moving_mean": "running_mean", "moving_variance": "running_var"}  # fmt: skip
_TENSORPACK = {"kernel": "W", "bias": "b", "gamma": "gamma", "beta": "beta",
               "moving_mean": "mean/EMA", "moving_variance": "variance/EMA"}  # fmt: skip

_SOURCES: dict[str, dict[str, Callable[[keras.Model], dict[str, str]]]] = {
    "vgg16": {
        "torchvision": module_names.vgg16_torchvision,
        "wsolevaluation": module_names.vgg16_wsolevaluation,
        "tensorpack": module_names.vgg16_tensorpack,
    },
    "resnet50": {
        "torchvision": module_names.resnet50_torchvision,
        "wsolevaluation": module_names.resnet50_wsolevaluation,
        "tensorpack": module_names.resnet50_tensorpack,
    },
    "resnet50_se": {
        "timm": module_names.resnet50_torchvision,
        "tensorpack": module_names.resnet50_tensorpack,
    },
    "alexnet": {"torchvision": module_names.alexnet_torchvision},
    "googlenet": {"torchvision": module_names.googlenet_torchvision},
    "squeezenet": {"torchvision": module_names.squeezenet_torchvision},
    "inception_v3": {
        "torchvision": module_names.inception_v3_torchvision,
        "wsolevaluation": module_names.inception_v3_torchvision,
    },
}


@dataclasses.dataclass(frozen=True)
class FileWeight:
    """One variable of a network and the array of a file that belongs into it.

    Attributes:
        name: In the file: "layer1.0.bn1.running_mean", or "conv1_1/W" (tensorpack).
        variable: Of the network, moving statistics included.
        is_head: The class activation head, which files of pretrained networks lack.
        axes: Of the file's array in the order that Keras has them; None: as they are.
    """

    name: str
    variable: keras.Variable
    is_head: bool
    axes: tuple[int, ...] | None

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        """The array in the layout of the variable.

        A dense kernel also fits a convolution whose window is the whole map that the dense layer
        reads (1 × 1, or AlexNet's 6 × 6); one of a 1 × 1 convolution also fits a dense layer.

        Raises:
            ValueError: Its shape does not fit; the sentence names both shapes.
        """
        wanted = tuple(self.variable.shape)
        array = np.asarray(array)
        fitting = array
        if self.axes is not None:
            if array.ndim == 2 and len(wanted) == 4:
                fitting = _unflattened(array, wanted)
            elif array.ndim == 4 and len(wanted) == 2 and array.shape[2:] == (1, 1):
                fitting = array[:, :, 0, 0]
            if fitting.ndim == len(self.axes):
                fitting = fitting.transpose(self.axes)
        if fitting.shape != wanted:
            raise ValueError(
                f"Tensor {self.name!r} has shape {array.shape}, which does not fit variable "
                f"{self.variable.path!r} of shape {wanted} (Keras' layout); check the "
                "architecture and the number of classes."
            )
        return fitting


def weight_sources(model: keras.Model | str) -> tuple[str, ...]:
    """The programs whose names are known for a network; none for those with Keras' own weights."""
    name = model if isinstance(model, str) else model.name
    return tuple(_SOURCES.get(name, ()))


def file_weights(model: keras.Model, source: str = "torchvision") -> list[FileWeight]:
    """For each variable of a network its name in a file of that source, in graph order.

    Variables without a name there are left out: the head of vgg16 in tensorpack's files.

    Args:
        model: A network of `backbones.build`, known by its name; layers may have been inserted
            behind others, and the head may have been left out.
        source: "torchvision" (timm's files too): the published network's names, whatever was
            changed since, and wsolevaluation's for the head. "wsolevaluation": a checkpoint of
            this very network, where an inserted ADL and a missing pool move the numbers. "timm"
            and "tensorpack" where `weight_sources` says so.

    Raises:
        ValueError: There are no such names for the network.
    """
    sources = _SOURCES.get(model.name, {})
    if source not in sources:
        raise ValueError(
            f"No names of {source!r} are known for network {model.name!r}; "
            f"known are {list(sources) or {name: list(s) for name, s in _SOURCES.items()}}."
        )
    names, is_torch = sources[source](model), source != "tensorpack"
    found = []
    for place, layer in module_names.weighted_layers(model).items():
        for variable in layer.weights if place in names else ():
            entry = (_TORCH if is_torch else _TENSORPACK)[variable.name]
            name = names[place] + (f".{entry}" if is_torch else f"/{entry}")
            axes = _torch_axes(variable) if is_torch else None
            found.append(FileWeight(name, variable, place in _HEAD, axes))
    return found


def _unflattened(array: np.ndarray, wanted: tuple[int, ...]) -> np.ndarray:
    """A dense kernel, out × in, as out × channels × height × width, PyTorch's flattening undone."""
    height, width, channels, _ = wanted
    if array.shape[1] != height * width * channels:
        return array
    return array.reshape(-1, channels, height, width)


def _torch_axes(variable: keras.Variable) -> tuple[int, ...] | None:
    if variable.name != "kernel":
        return None
    # PyTorch: out × in × height × width, and out × in.
    return (1, 0) if len(variable.shape) == 2 else (2, 3, 1, 0)
