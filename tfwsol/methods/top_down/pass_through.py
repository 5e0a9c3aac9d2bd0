"""Layers that choose nothing: gates go on to the cells they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np

from tfwsol.graph.flat_graph import Step
from tfwsol.graph.head import is_keras_own
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.gate_step import Activations, GateStep
from tfwsol.methods.top_down.gates import Gates
from tfwsol.methods.top_down.graph_reading import GraphReading, UnsupportedLayer, check_layout
from tfwsol.methods.top_down.known_layers import activation_of, is_identity

_RESHAPES = ("Flatten", "Reshape", "Squeeze", "ExpandDims")


class PassThrough(GateStep):
    """One gate for one cell, in another order or shape at most.

    Args:
        step: The call.
        back: From the gates of the output, and the shape of the input, to those of the input.
        unknown_shape: Whether the graph leaves the shape of the input open.
    """

    def __init__(
        self, step: Step, back: Callable[..., Gates] | None = None, unknown_shape: bool = False
    ) -> None:
        super().__init__(step)
        self._back = back
        self.needs = (step.inputs[0],) if unknown_shape else ()

    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        if self._back is None:
            return [gates]
        shape = values[self.needs[0]].shape[1:] if self.needs else None
        return [self._back(gates, shape)]


def pass_through(reading: GraphReading, step: Step) -> PassThrough | None:
    """The step of an activation, an identity, a change of shape or a border; else None.

    Raises:
        UnsupportedLayer: An activation does not keep signs, or cells are not one to one.
    """
    operation = step.operation
    if len(step.inputs) != 1:
        return None
    name = activation_of(operation)
    if name is not None:
        reading.check_activation(name, step.outputs[0])
        return PassThrough(step)
    if is_identity(operation) or reading.settings.passes(step.path):
        return PassThrough(step)
    if is_keras_own(operation, _RESHAPES):
        return _reshaped(reading, step)
    if is_keras_own(operation, ("Permute", "Transpose")):
        return _permuted(step)
    if type(operation) is keras.layers.ZeroPadding2D:
        check_layout(operation)
        sides = operation.padding
        return PassThrough(step, lambda gates, _: gates_of.cropped(gates, sides))
    if type(operation) is keras.layers.Cropping2D:
        check_layout(operation)
        sides = operation.cropping
        return PassThrough(step, lambda gates, _: gates_of.padded(gates, sides))
    return None


def _reshaped(reading: GraphReading, step: Step) -> PassThrough:
    shape = reading.shape(step.inputs[0])

    def back(gates: Gates, seen: Sequence[int] | None) -> Gates:
        return gates_of.reshaped(gates, [-1, *(shape if seen is None else seen)])

    return PassThrough(step, back, unknown_shape=None in shape)


def _permuted(step: Step) -> PassThrough:
    operation = step.operation
    if is_keras_own(operation, ("Permute",)):
        order = (0, *operation.dims)
    else:
        order = tuple(operation.axes or ())
        if not order or order[0] != 0:
            raise UnsupportedLayer("it moves the axis of the batch")
    inverse = np.argsort(order)
    return PassThrough(step, lambda gates, _: gates_of.transposed(gates, inverse))
