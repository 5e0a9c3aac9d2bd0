"""ResNet50 with a high resolution at its end, plain and with squeeze and excitation."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import keras

from tfwsol.backbones.logits import with_logits
from tfwsol.backbones.zero_border import convolved, pooled
from tfwsol.layers import SqueezeExcite

_BLOCKS = (3, 4, 6, 3)
_STRIDES = {16: (1, 2, 2, 1), 8: (1, 2, 1, 1)}


@dataclasses.dataclass(frozen=True)
class _Form:
    """What differs between the published forms of one network."""

    symmetric: bool
    squeeze: bool
    kernel: Callable[[], keras.initializers.Initializer]
    last_gamma: str


def resnet50(
    num_classes: int | None = 1000,
    large_feature_map: bool = False,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    padding: str = "symmetric",
) -> keras.Model:
    """The untrained ResNet50 of wsolevaluation, output stride 16 or 8.

    torchvision's layers (stride on the 3 × 3 convolution) with stride 1 in the last stage, and
    in the third one too for the large feature map; no dilation. A block's last ReLU carries its
    name: ``layer1_0`` … ``layer4_2``; the first layers are ``conv1``, ``bn1``, ``relu1`` and
    ``pool1``. A 224-pixel image leaves a map of 14 × 14 × 2048, or 28 × 28 × 2048.

    Args:
        num_classes: Width of the output; None: the network ends with ``layer4_2``.
        large_feature_map: Output stride 8 instead of 16; same weights.
        input_shape: Height, width and channels; the sides may be None.
        padding: "symmetric" as PyTorch pads, or "same" as TensorFlow does; use the one that the
            weights were trained with.

    Returns:
        A functional model from preprocessed images to float32 logits, or to the last map.
        Weights of `keras.applications.ResNet50` do not fit: their stride is on the first
        convolution of a block, and their convolutions have biases.

    Raises:
        ValueError: The number of classes is not positive or the padding is unknown.
    """
    form = _Form(_is_symmetric(padding), False, keras.initializers.GlorotUniform, "ones")
    return _network("resnet50", form, num_classes, large_feature_map, input_shape)


def resnet50_se(
    num_classes: int | None = 1000,
    large_feature_map: bool = False,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    padding: str = "same",
) -> keras.Model:
    """The untrained ResNet50-SE of the ADL paper's TensorFlow program, output stride 16 or 8.

    As `resnet50`, with squeeze and excitation before each sum (layer ``<block>_se``, reduction
    16), the scale of a block's last normalisation initially zero, and TensorFlow's padding.

    Args:
        num_classes: Width of the output; None: the network ends with ``layer4_2``.
        large_feature_map: Output stride 8 instead of 16; same weights.
        input_shape: Height, width and channels; the sides may be None.
        padding: "same" as TensorFlow pads (weights of tensorpack), or "symmetric" as PyTorch
            does (weights of timm).

    Raises:
        ValueError: The number of classes is not positive or the padding is unknown.
    """
    kernel = functools.partial(keras.initializers.VarianceScaling, 2.0, "fan_out")
    form = _Form(_is_symmetric(padding), True, kernel, "zeros")
    return _network("resnet50_se", form, num_classes, large_feature_map, input_shape)


def _is_symmetric(padding: str) -> bool:
    if padding not in ("symmetric", "same"):
        raise ValueError(f"Expected padding 'symmetric' or 'same', but {padding!r} came.")
    return padding == "symmetric"


def _network(
    name: str,
    form: _Form,
    num_classes: int | None,
    large_feature_map: bool,
    input_shape: tuple[int | None, int | None, int],
) -> keras.Model:
    image = keras.Input(input_shape, name="image")
    x = _normalised(image, 64, 7, 2, "conv1", "bn1", form)
    x = keras.layers.ReLU(name="relu1")(x)
    if form.symmetric:
        x = pooled(x, 3, 2, "pool1")
    else:
        x = keras.layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    strides = _STRIDES[8 if large_feature_map else 16]
    for stage, (count, stride) in enumerate(zip(_BLOCKS, strides, strict=True)):
        for block in range(count):
            block_name = f"layer{stage + 1}_{block}"
            x = _block(x, 64 * 2**stage, stride if block == 0 else 1, block_name, form)
    if num_classes is not None:
        kernel = keras.initializers.HeNormal() if form.squeeze else None
        x = with_logits(x, num_classes, kernel_initializer=kernel)
    return keras.Model(image, x, name=name)


def _block(
    x: keras.KerasTensor, width: int, strides: int, name: str, form: _Form
) -> keras.KerasTensor:
    shortcut = x
    if x.shape[-1] != 4 * width:
        names = (f"{name}_downsample_conv", f"{name}_downsample_bn")
        shortcut = _normalised(x, 4 * width, 1, strides, *names, form)
    for place, (size, stride) in enumerate(((1, 1), (3, strides)), start=1):
        names = (f"{name}_conv{place}", f"{name}_bn{place}")
        x = _normalised(x, width, size, stride, *names, form)
        x = keras.layers.ReLU(name=f"{name}_relu{place}")(x)
    names = (f"{name}_conv3", f"{name}_bn3")
    x = _normalised(x, 4 * width, 1, 1, *names, form, form.last_gamma)
    if form.squeeze:
        x = SqueezeExcite(name=f"{name}_se")(x)
    x = keras.layers.Add(name=f"{name}_sum")([x, shortcut])
    return keras.layers.ReLU(name=name)(x)


def _normalised(
    x: keras.KerasTensor,
    filters: int,
    size: int,
    strides: int,
    name: str,
    norm_name: str,
    form: _Form,
    gamma: str = "ones",
) -> keras.KerasTensor:
    kernel = form.kernel()  # each layer its own, since one draws the same numbers every time
    x = convolved(x, filters, size, strides, name, form.symmetric, kernel_initializer=kernel)
    return keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, gamma_initializer=gamma, name=norm_name
    )(x)
