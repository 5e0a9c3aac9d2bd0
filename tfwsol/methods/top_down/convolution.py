"""Convolutions of all kinds, with the batch normalisation behind them folded in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfwsol.graph.flat_graph import Step
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.gate_step import Activations, HandDown, SelectingStep, by_sign
from tfwsol.methods.top_down.gates import Gates
from tfwsol.methods.top_down.graph_reading import GraphReading, UnsupportedLayer, check_layout
from tfwsol.methods.top_down.packed_kernel import PackedKernel
from tfwsol.methods.top_down.windows import Sides, border
from tfwsol.ops import conv_gating, pack_kernel


class Convolution(SelectingStep):
    """One channel's best connected group of positive products explains each unit.

    Products are of the kernel that the layer and its batch normalisation make together,
    `kernel · gamma / sqrt(variance + epsilon)`: they sum to the response without its bias. Sections
    2.1 to 2.3 of Biparva and Tsotsos; depthwise kernels are grouped ones.

    Args:
        reading: The graph.
        step: The call of a Conv2D or DepthwiseConv2D.
    """

    def __init__(self, reading: GraphReading, step: Step) -> None:
        layer = step.operation
        check_kernel(layer)
        super().__init__(step, signed_output(reading, step))
        self._groups = reading.shape(self._x)[-1] if is_depthwise(layer) else layer.groups
        self._options = group_options(reading, step)
        self._one_sign = reading.is_never_negative(self._x)
        self.kernels = (folded_kernel(reading, step),)

    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        layer = self.step.operation
        x, output = self.read(values)
        hand_down = through_kernel(
            self.kernels[0].tensor,
            one_sign=self._one_sign,
            strides=layer.strides,
            padding=border_of(layer, x),
            groups=self._groups,
            dilation=layer.dilation_rate,
            **self._options,
        )
        return [by_sign(hand_down, x, gates_of.listed(gates), output)]


class SeparableConvolution(SelectingStep):
    """The pointwise half, then the depthwise one, whose output is computed on the way.

    Args:
        reading: The graph.
        step: The call of a SeparableConv2D.
    """

    def __init__(self, reading: GraphReading, step: Step) -> None:
        layer = step.operation
        check_kernel(layer)
        super().__init__(step, signed_output(reading, step))
        self._one_sign = reading.is_never_negative(self._x)
        self._options = group_options(reading, step)
        depthwise = PackedKernel([layer.depthwise_kernel], lambda k: pack_kernel(as_grouped(k)))
        plain = PackedKernel([layer.depthwise_kernel], tf.identity)
        self.kernels = (folded_kernel(reading, step), depthwise, plain)

    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        layer = self.step.operation
        pointwise, depthwise, plain = (kernel.tensor for kernel in self.kernels)
        x, output = self.read(values)
        middle = keras.ops.depthwise_conv(
            x,
            plain,
            strides=layer.strides,
            padding=layer.padding,
            dilation_rate=layer.dilation_rate,
            data_format="channels_last",
        )

        hand_down = through_kernel(pointwise, one_sign=False, **self._options)
        gates = by_sign(hand_down, middle, gates_of.listed(gates), output)
        hand_down = through_kernel(
            depthwise,
            one_sign=self._one_sign,
            strides=layer.strides,
            padding=border_of(layer, x),
            groups=x.shape[-1],
            dilation=layer.dilation_rate,
            **self._options,
        )
        return [by_sign(hand_down, x, gates, middle)]


def through_kernel(kernel: tf.Tensor, shares: bool, one_sign: bool, **layer: Any) -> HandDown:
    """How gates go down through a packed kernel.

    Args:
        kernel: Outputs × height × width × channels per group.
        shares: Whether the gates of units that are positive only through their bias go to the
            best group among all of their positive products, instead of being dropped; ours.
        one_sign: Whether all inputs are known to have one sign, which saves half of that.
        **layer: Of `tfwsol.ops.conv_gating`.
    """

    def hand_down(x: tf.Tensor, gates: Gates, turned: bool) -> Gates:
        if not shares:
            return conv_gating(x, kernel, gates, packed=True, **layer)
        below, theta = conv_gating(x, kernel, gates, packed=True, return_theta=True, **layer)
        left = gates_of.kept(gates, theta < 0)
        if one_sign:
            helpful = tf.nn.relu(-kernel if turned else kernel)
            return gates_of.plus(below, conv_gating(tf.abs(x), helpful, left, packed=True, **layer))
        halves = conv_gating(by_halves(x), by_halves(kernel), left, packed=True, **layer)
        return gates_of.plus(below, gates_of.paired_channels(halves))

    return hand_down


def group_options(reading: GraphReading, step: Step) -> dict[str, Any]:
    """How a layer chooses its groups, as `through_kernel` takes it: shares, alpha, literal."""
    settings = reading.settings
    shares = settings.preset.bias_units == "share"
    return {"shares": shares, "alpha": settings.alpha(step.path), "literal": settings.literal}


def by_halves(values: tf.Tensor) -> tf.Tensor:
    """Each channel as two, its positive and its negative half, so that no product is negative."""
    halves = tf.stack([tf.nn.relu(values), tf.nn.relu(-values)], axis=-1)
    shape = [tf.shape(values)[0], *values.shape[1:-1], 2 * values.shape[-1]]
    return tf.reshape(halves, shape)


def border_of(layer: Any, x: tf.Tensor) -> Sides:
    """What a convolution puts around its input x."""
    size, window = x.shape[1:3], layer.kernel_size
    return border(layer.padding, size, window, layer.strides, layer.dilation_rate)


def check_kernel(layer: Any) -> None:
    """Accepts layers whose kernel is the one that their output comes from.

    Raises:
        UnsupportedLayer: It is quantised, or not channels_last.
    """
    if getattr(layer, "quantization_mode", None) is not None:
        raise UnsupportedLayer("its kernel is quantised; load the model in floating point")
    check_layout(layer)


def is_depthwise(layer: Any) -> bool:
    """True for a DepthwiseConv2D."""
    return isinstance(layer, keras.layers.DepthwiseConv2D)


def signed_output(reading: GraphReading, step: Step) -> Any:
    """The slot that tells which gated units of a linear layer are negative; None where none is.

    Raises:
        UnsupportedLayer: Its activation does not keep signs.
    """
    slot = step.outputs[0]
    reading.check_activation(step.operation.activation, slot)
    normalisation = folded_normalisation(reading, step)
    return reading.signed(slot if normalisation is None else normalisation.outputs[0])


def folded_normalisation(reading: GraphReading, step: Step) -> Step | None:
    """The batch normalisation that belongs to a layer's kernel, or None."""
    normalisation = reading.normalisation(step.outputs[0])
    if normalisation is None or reading.folded_into(normalisation) is not step:
        return None
    return normalisation


def folded_kernel(reading: GraphReading, step: Step, view: Any = None) -> PackedKernel:
    """The packed kernel of a layer, times the scale of the normalisation behind it.

    Args:
        reading: The graph.
        step: The layer's call.
        view: From the layer's kernel to one with the output channels last; None: the layer's own.
    """
    layer = step.operation
    kernel = layer.pointwise_kernel if hasattr(layer, "pointwise_kernel") else layer.kernel
    view = view or (as_grouped if is_depthwise(layer) else tf.identity)
    normalisation = folded_normalisation(reading, step)
    if normalisation is None:
        return PackedKernel([kernel], lambda kernel: pack_kernel(view(kernel)))
    norm = normalisation.operation

    def make(kernel: tf.Tensor, *statistics: tf.Tensor) -> tf.Tensor:
        return pack_kernel(view(kernel) * scale_of(norm, statistics))

    return PackedKernel([kernel, *statistics_of(norm)], make)


def as_grouped(kernel: tf.Tensor) -> tf.Tensor:
    """A depthwise kernel as that of a grouped convolution, height × width × 1 × outputs."""
    height, width, channels, multiplier = kernel.shape
    return tf.reshape(kernel, [height, width, 1, channels * multiplier])


def statistics_of(norm: keras.layers.BatchNormalization) -> list[Any]:
    """The variables that a normalisation's scale depends on."""
    return [norm.moving_variance, *([norm.gamma] if norm.scale else [])]


def scale_of(norm: keras.layers.BatchNormalization, statistics: Sequence[tf.Tensor]) -> tf.Tensor:
    """What a normalisation multiplies each channel by."""
    variance, *gamma = statistics
    scale = tf.math.rsqrt(variance + norm.epsilon)
    return gamma[0] * scale if gamma else scale
