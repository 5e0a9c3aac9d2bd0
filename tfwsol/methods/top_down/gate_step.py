"""What every kind of layer has in common on the way down."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping

import tensorflow as tf

from tfwsol.graph.flat_graph import Slot, Step
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.gates import Gates
from tfwsol.methods.top_down.packed_kernel import PackedKernel

HandDown = Callable[[tf.Tensor, Gates, bool], Gates]
"""From a layer's input, the gates of its output, and whether the sign of the input was turned, to
the gates of the input."""


class Activations:
    """What the forward pass left at some slots, each image once for every class asked.

    Args:
        values: By slot, batch first.
        classes: How many classes are asked of each image.
    """

    def __init__(self, values: Mapping[Slot, tf.Tensor], classes: int) -> None:
        self._values, self._classes = dict(values), classes

    def __getitem__(self, slot: Slot) -> tf.Tensor:
        """float32, batch · classes first."""
        value = tf.cast(self._values[slot], tf.float32)
        return value if self._classes == 1 else tf.repeat(value, self._classes, axis=0)


class GateStep(abc.ABC):
    """One call of one layer, from the gates of its output to those of its inputs.

    Attributes:
        step: The call in the flat graph; it has one output.
        needs: Slots whose values the step reads.
        kernels: What it makes of the layer's weights.
        selects: True where units choose among inputs, so that gates can get lost.
    """

    needs: tuple[Slot, ...] = ()
    kernels: tuple[PackedKernel, ...] = ()
    selects: bool = False

    def __init__(self, step: Step) -> None:
        self.step = step

    @abc.abstractmethod
    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        """The gates of each input.

        Args:
            gates: Of the output, float32, of its shape.
            values: The activations at `needs`.
        """


class SelectingStep(GateStep):
    """A step whose units choose among the values of one input, negative ones as `by_sign` has it.

    Args:
        step: The call.
        output: The slot that tells which gated units are negative; None where none is.
    """

    selects = True

    def __init__(self, step: Step, output: Slot | None) -> None:
        super().__init__(step)
        self._x, self._output = step.inputs[0], output
        self.needs = (self._x,) if output is None else (self._x, output)

    def read(self, values: Activations) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The values of the input, and those of the output where their signs count."""
        return values[self._x], None if self._output is None else values[self._output]


def by_sign(
    hand_down: HandDown,
    x: tf.Tensor,
    gates: Gates,
    output: tf.Tensor | None,
) -> Gates:
    """The gates of a layer's input where units of its output may be negative; our extension.

    Behind a layer without ReLU a negative unit can be what counts (times a negative weight). It
    is explained by what made it negative: its negative products.

    Args:
        hand_down: The layer's rule.
        x: The layer's input.
        gates: Of its output.
        output: Of the layer, of the shape of all its gates; None where no gated unit is negative.
    """
    if output is None:
        return hand_down(x, gates, False)
    is_negative = gates_of.at(gates, output) < 0
    upwards = hand_down(x, gates_of.kept(gates, ~is_negative), False)
    turned = hand_down(-x, gates_of.kept(gates, is_negative), True)
    return gates_of.plus(upwards, turned)
