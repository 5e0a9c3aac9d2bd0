"""What STNet's pass meets at every layer with a kernel: the inputs, weights and gated units."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfwsol.graph.split import graph_of
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.activation_cut import ActivationCut
from tfwsol.methods.top_down.convolution import Convolution, border_of, is_depthwise
from tfwsol.methods.top_down.dense import DenseSelection, WholeMap
from tfwsol.methods.top_down.gate_step import Activations, GateStep
from tfwsol.methods.top_down.plan import plan
from tfwsol.methods.top_down.settings import Settings, preset_of, settings_of
from tfwsol.methods.top_down.stop_place import stop_slot
from tfwsol.ops import bridge_gating
from tfwsol.ops.conv_gating_twin import PRUNING as CONV_PRUNING
from tfwsol.ops.dense_gating_twin import PRUNING as DENSE_PRUNING


@dataclasses.dataclass(frozen=True)
class GatedLayer:
    """One layer on the way down.

    Attributes:
        name: Its path in the model.
        geometry: The 16 numbers of a `Geometry` of custom_ops/top_down_gating/geometry.h.
        x: Its input, float32.
        kernel: float32, output channels first.
        gated: Places of the gated units among the gates of its output, ascending.
        units: How many units it has for the whole batch.
        least: Units whose products sum to no more are dropped.
    """

    name: str
    geometry: np.ndarray
    x: np.ndarray
    kernel: np.ndarray
    gated: np.ndarray
    units: int
    least: float

    @property
    def products(self) -> int:
        """Of one unit."""
        return int(np.prod(self.kernel.shape[1:]))


def gated_layers(model: keras.Model, images: tf.Tensor, class_ids: Any) -> list[GatedLayer]:
    """The convolutions and dense layers of `STNet(model)`'s pass, from the answer downwards.

    Args:
        model: A classifier.
        images: As the model takes them.
        class_ids: One for each image.
    """
    graph, settings = graph_of(model), settings_of(preset_of(None, model.name))
    stop = stop_slot(graph, None, settings)
    steps = plan(graph, stop, settings)
    watched = dict.fromkeys(slot for step in steps for slot in step.needs)
    cut = ActivationCut(model, graph, stop, watched)
    _, context, logits = cut.forward(images)
    values = Activations(cut.values(context), 1)
    gates = {graph.outputs[0]: tf.one_hot(class_ids, logits.shape[-1])}
    found = []
    for step in steps:
        for kernel in step.kernels:
            kernel.refresh()
        above = gates.pop(step.step.outputs[0])
        if isinstance(step, Convolution | WholeMap | DenseSelection):
            found.append(_gated_layer(step, values, gates_of.whole(above), settings))
        for slot, part in zip(step.step.inputs, step.below(above, values), strict=True):
            gates[slot] = gates_of.plus(gates[slot], part) if slot in gates else part
    return found


def _gated_layer(
    step: GateStep, values: Activations, above: tf.Tensor, settings: Settings
) -> GatedLayer:
    x, kernel = values[step.needs[0]], step.kernels[0].tensor.numpy()
    window = (1, 1, 0, 0, 1, 1, 1)
    if isinstance(step, Convolution):
        layer = step.step.operation
        (top, _), (left, _) = border_of(layer, x)
        groups = x.shape[-1] if is_depthwise(layer) else layer.groups
        window = (*layer.strides, top, left, *layer.dilation_rate, groups)
    else:
        above = tf.reshape(above, [above.shape[0], 1, 1, -1])
        x = tf.reshape(x, [x.shape[0], *((kernel.shape[1:]) if kernel.ndim == 4 else (1, 1, -1))])
    if isinstance(step, WholeMap):
        bridge = settings.selection("bridge", step.step.path)
        units, classes = above[:, 0, 0], tf.ones(above.shape[0])
        above = bridge_gating(units, classes, bridge.mode, bridge.offset)[:, None, None]
    size = kernel.shape[1:3] if kernel.ndim == 4 else (1, 1)
    geometry = np.array([*x.shape, *above.shape[1:], *size, *window], np.int64)
    gated = np.flatnonzero(above.numpy())
    pruning = DENSE_PRUNING if isinstance(step, DenseSelection) else CONV_PRUNING
    units = int(np.prod(above.shape))
    return GatedLayer(step.step.path, geometry, x.numpy(), kernel, gated, units, pruning.least)
