"""Pools of windows and of whole maps."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfwsol.graph.flat_graph import Step
from tfwsol.graph.head import pools_globally
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.gate_step import Activations, SelectingStep, by_sign
from tfwsol.methods.top_down.gates import Gates
from tfwsol.methods.top_down.graph_reading import GraphReading, UnsupportedLayer, check_layout
from tfwsol.methods.top_down.settings import CONNECTED
from tfwsol.methods.top_down.windows import border
from tfwsol.ops import conv_gating, pool_gating


class Pool(SelectingStep):
    """The largest place of a window, or the positive ones in proportion, explain its unit.

    Args:
        reading: The graph.
        step: The call.
        kind: "max_pool" or "average_pool". Where an average is "connected", it is taken for a
            convolution of each channel with equal weights: its best connected group counts.
    """

    def __init__(self, reading: GraphReading, step: Step, kind: str) -> None:
        super().__init__(step, reading.signed(step.outputs[0]))
        check_layout(step.operation)
        self._selection = reading.settings.selection(kind, step.path)
        if self._selection.mode == CONNECTED and kind == "max_pool":
            raise UnsupportedLayer("a maximum has one place; its modes are 1, ALL and 699")
        self._alpha = reading.settings.alpha(step.path)
        self._literal = reading.settings.literal

    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        x, output = self.read(values)
        window, strides, sides = self._windows(x)
        if self._is_global:
            cell = [tf.shape(x)[0], 1, 1, x.shape[-1]]
            gates = gates_of.reshaped(gates, cell)
            output = None if output is None else tf.reshape(output, cell)

        def hand_down(x: tf.Tensor, gates: Gates, _: bool) -> Gates:
            chosen = self._selection
            if chosen.mode != CONNECTED:
                options = {"mode": chosen.mode, "offset": chosen.offset}
                return pool_gating(x, gates, window, strides, sides, **options)
            channels = x.shape[-1]
            equal = tf.fill([channels, *window, 1], 1 / (window[0] * window[1]))
            options = {"alpha": self._alpha, "literal": self._literal, "packed": True}
            return conv_gating(x, equal, gates, strides, sides, channels, **options)

        return [by_sign(hand_down, x, gates_of.listed(gates), output)]

    @property
    def _is_global(self) -> bool:
        return not hasattr(self.step.operation, "pool_size")

    def _windows(self, x: tf.Tensor) -> tuple[tuple[int, int], tuple[int, int], Any]:
        layer, size = self.step.operation, tuple(x.shape[1:3])
        if self._is_global:
            return size, size, 0
        sides = border(layer.padding, size, layer.pool_size, layer.strides)
        return layer.pool_size, layer.strides, sides


def pooling(reading: GraphReading, step: Step) -> Pool | None:
    """The step of a maximum or average pool, of windows or of the whole map; else None.

    Raises:
        UnsupportedLayer: It is channels_first, or its mode is not one of its kind.
    """
    kind = type(step.operation)
    if kind in (keras.layers.MaxPooling2D, keras.layers.GlobalMaxPooling2D):
        return Pool(reading, step, "max_pool")
    averages = (keras.layers.AveragePooling2D, keras.layers.GlobalAveragePooling2D)
    if kind in averages or pools_globally(reading.graph, step):
        return Pool(reading, step, "average_pool")
    return None
