"""Layers that bring several tensors together: concatenation and addition."""

from __future__ import annotations

import functools
import operator

import keras
import tensorflow as tf

from tfwsol.graph.flat_graph import Step
from tfwsol.graph.head import is_keras_own
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.gate_step import Activations, GateStep
from tfwsol.methods.top_down.gates import Gates
from tfwsol.methods.top_down.graph_reading import GraphReading, UnsupportedLayer


class Concatenation(GateStep):
    """Every input gets the gates of its own part."""

    def __init__(self, reading: GraphReading, step: Step) -> None:
        super().__init__(step)
        shapes = [reading.shape(slot) for slot in step.inputs]
        axis = step.operation.axis
        self._axis = axis if axis > 0 else axis + 1 + len(shapes[0])
        self._parts = [shape[self._axis - 1] if self._axis else None for shape in shapes]
        if None in self._parts:
            raise UnsupportedLayer("it concatenates along an axis of unknown length")

    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        return gates_of.split(gates, self._parts, self._axis)


class Addition(GateStep):
    """Every input gets its positive share of each sum, so that no gate is lost; our extension.

    Of a negative sum those share that are negative, too. Where everything is zero, all share
    alike.
    """

    def __init__(self, reading: GraphReading, step: Step) -> None:
        super().__init__(step)
        shapes = {reading.shape(slot) for slot in step.inputs}
        if len(shapes) > 1:
            raise UnsupportedLayer(f"it adds tensors of different shapes {sorted(shapes)}")
        self.needs = tuple(dict.fromkeys(step.inputs))

    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        parts = [gates_of.at(gates, values[slot]) for slot in self.step.inputs]
        direction = tf.where(functools.reduce(operator.add, parts) < 0, -1.0, 1.0)
        parts = [tf.nn.relu(direction * part) for part in parts]
        whole = functools.reduce(operator.add, parts)
        equal = 1.0 / len(parts)
        shares = [tf.where(whole > 0, tf.math.divide_no_nan(p, whole), equal) for p in parts]
        return [gates_of.scaled(gates, share) for share in shares]


def merging(reading: GraphReading, step: Step) -> GateStep | None:
    """The step of a concatenation, a sum or a mean of tensors; None for anything else.

    Raises:
        UnsupportedLayer: The tensors do not fit each other, or one is a constant.
    """
    operation = step.operation
    kinds = ("Concatenate", "Add", "Average")
    if not is_keras_own(operation, kinds):
        return None
    given = [leaf for leaf in keras.tree.flatten((step.args, step.kwargs)) if leaf is not None]
    if len(step.inputs) != len(given) and not isinstance(operation, keras.layers.Layer):
        raise UnsupportedLayer("one of what it brings together is a constant")
    if len(step.inputs) < 2:
        return None
    if is_keras_own(operation, ("Concatenate",)):
        return Concatenation(reading, step)
    return Addition(reading, step)
