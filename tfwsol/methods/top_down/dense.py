"""Dense layers, those that read a whole map, and the bridge between the two."""

from __future__ import annotations

import keras
import tensorflow as tf

from tfwsol.graph.flat_graph import Slot, Step
from tfwsol.graph.head import is_keras_own
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.convolution import (
    Convolution,
    check_kernel,
    folded_kernel,
    group_options,
    signed_output,
    through_kernel,
)
from tfwsol.methods.top_down.gate_step import Activations, GateStep, SelectingStep, by_sign
from tfwsol.methods.top_down.gates import Gates
from tfwsol.methods.top_down.graph_reading import GraphReading
from tfwsol.methods.top_down.known_layers import keeps_values
from tfwsol.methods.top_down.settings import Selection
from tfwsol.ops import bridge_gating, dense_gating

Cells = tuple[int, int, int]
"""Height, width and channels of a map."""


class DenseSelection(SelectingStep):
    """Statistical selection: '1', 'ALL' or '699' of the positive products explain each unit.

    Serves 1×1 convolutions on a single cell, too. Section 2.2 of Biparva and Tsotsos.

    Args:
        reading: The graph.
        step: The call of a Dense or a Conv2D.
    """

    def __init__(self, reading: GraphReading, step: Step) -> None:
        check_kernel(step.operation)
        super().__init__(step, signed_output(reading, step))
        self._selection = reading.settings.selection("dense", step.path)
        self._literal = reading.settings.literal
        self.kernels = (folded_kernel(reading, step, _as_matrix),)

    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        kernel, chosen = self.kernels[0].tensor, self._selection
        x, output = self.read(values)

        def hand_down(x: tf.Tensor, gates: tf.Tensor, _: bool) -> tf.Tensor:
            options = {"literal": self._literal, "packed": True}
            return dense_gating(x, kernel, gates, chosen.mode, chosen.offset, **options)

        return [by_sign(hand_down, x, gates_of.whole(gates), output)]


class WholeMap(SelectingStep):
    """A dense layer on a flattened map, or a convolution of a map's size: one connected group.

    The network of the paper has its first dense layer (fc6) as the convolution that it is, and
    prunes the gates on top of it (the bridge) before they go on.

    Args:
        reading: The graph.
        step: The call.
        cells: The map's size.
    """

    def __init__(self, reading: GraphReading, step: Step, cells: Cells) -> None:
        check_kernel(step.operation)
        super().__init__(step, signed_output(reading, step))
        self._cells = cells
        self._options = group_options(reading, step)
        self._one_sign = reading.is_never_negative(self._x)
        is_top = reading.is_answer(step.outputs[0])
        bridge = reading.settings.selection("bridge", step.path)
        self._bridge = Selection("ALL") if is_top else bridge
        self.kernels = (folded_kernel(reading, step, lambda k: tf.reshape(k, [*cells, -1])),)

    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        kernel = self.kernels[0].tensor
        units = tf.reshape(gates_of.whole(gates), [-1, kernel.shape[0]])
        mode, offset = self._bridge.mode, self._bridge.offset
        literal = self._options["literal"]
        units = bridge_gating(units, tf.ones_like(units[:, 0]), mode, offset, literal=literal)
        batch = tf.shape(units)[0]
        x, output = self.read(values)
        if output is not None:
            output = tf.reshape(output, [batch, 1, 1, kernel.shape[0]])
        hand_down = through_kernel(kernel, one_sign=self._one_sign, **self._options)
        units = gates_of.listed(units[:, None, None])
        found = by_sign(hand_down, tf.reshape(x, [batch, *self._cells]), units, output)
        return [gates_of.reshaped(found, tf.shape(x))]


def weighted(reading: GraphReading, step: Step) -> GateStep | None:
    """The step of a Conv2D, DepthwiseConv2D or Dense; None for anything else.

    Raises:
        UnsupportedLayer: The layer is quantised, channels_first or has an odd activation.
    """
    kind, shape = type(step.operation), reading.shape(step.inputs[0])
    if kind is keras.layers.Dense:
        cells = _flattened_map(reading, step.inputs[0])
        return DenseSelection(reading, step) if cells is None else WholeMap(reading, step, cells)
    if kind is keras.layers.DepthwiseConv2D:
        return Convolution(reading, step)
    if kind is not keras.layers.Conv2D:
        return None
    layer = step.operation
    if shape[:2] == (1, 1) and layer.kernel_size == (1, 1) and layer.groups == 1:
        return DenseSelection(reading, step)
    covers = tuple(layer.kernel_size) == shape[:2] and layer.padding == "valid"
    if covers and shape[:2] != (1, 1) and layer.groups == 1 and layer.dilation_rate == (1, 1):
        return WholeMap(reading, step, shape)
    return Convolution(reading, step)


def _flattened_map(reading: GraphReading, slot: Slot) -> Cells | None:
    """The size of the map of several cells whose flat form a slot is; None where it is none."""
    step = reading.producer(slot)
    while step is not None and keeps_values(step.operation):
        step = reading.producer(step.inputs[0])
    if step is None or not is_keras_own(step.operation, ("Flatten", "Reshape")):
        return None
    cells = reading.shape(step.inputs[0])
    before = reading.producer(step.inputs[0])
    is_turned = before is not None and is_keras_own(before.operation, ("Permute", "Transpose"))
    if is_turned or len(cells) != 3 or None in cells or len(reading.shape(slot)) != 1:
        return None
    return None if cells[:2] == (1, 1) else cells


def _as_matrix(kernel: tf.Tensor) -> tf.Tensor:
    return tf.reshape(kernel, kernel.shape[-2:])
