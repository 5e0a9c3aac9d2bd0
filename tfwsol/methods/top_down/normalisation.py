"""Batch normalisations, folded into the kernel before them or on their own."""

from __future__ import annotations

import tensorflow as tf

from tfwsol.graph.flat_graph import Step
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.convolution import scale_of, statistics_of
from tfwsol.methods.top_down.gate_step import Activations, GateStep, SelectingStep
from tfwsol.methods.top_down.gates import Gates
from tfwsol.methods.top_down.graph_reading import GraphReading, is_batch_norm
from tfwsol.methods.top_down.packed_kernel import PackedKernel
from tfwsol.methods.top_down.pass_through import PassThrough


class Scaling(SelectingStep):
    """Every unit has one product, scale times input, which passes the whole gate if it explains it.

    A unit that is positive only through the shift (the bias of the normalisation) is dropped, as
    a convolution's is whose products do not sum to anything positive.

    Args:
        reading: The graph.
        step: The call of a BatchNormalization.
    """

    def __init__(self, reading: GraphReading, step: Step) -> None:
        super().__init__(step, reading.signed(step.outputs[0]))
        norm = step.operation
        self.kernels = (PackedKernel(statistics_of(norm), lambda *given: scale_of(norm, given)),)

    def below(self, gates: Gates, values: Activations) -> list[Gates]:
        x, output = self.read(values)
        products = x * self.kernels[0].tensor
        if output is not None:
            products = tf.where(output < 0, -products, products)
        return [gates_of.kept(gates, gates_of.at(gates, products) > 0)]


def normalisation(reading: GraphReading, step: Step) -> GateStep | None:
    """The step of a batch normalisation, nothing where a kernel holds it; None for other layers."""
    if not is_batch_norm(step):
        return None
    if reading.folded_into(step) is not None:
        return PassThrough(step)
    return Scaling(reading, step)
