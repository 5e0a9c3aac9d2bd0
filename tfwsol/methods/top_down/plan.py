"""The way from a model's answer down to one tensor, as gate steps."""

from __future__ import annotations

import keras

from tfwsol.graph.flat_graph import FlatGraph, Slot, Step
from tfwsol.graph.lookup import unknown_name
from tfwsol.graph.split import downstream
from tfwsol.methods.top_down.convolution import SeparableConvolution
from tfwsol.methods.top_down.dense import weighted
from tfwsol.methods.top_down.gate_step import GateStep
from tfwsol.methods.top_down.graph_reading import GraphReading, UnsupportedLayer
from tfwsol.methods.top_down.merging import merging
from tfwsol.methods.top_down.normalisation import normalisation
from tfwsol.methods.top_down.pass_through import pass_through
from tfwsol.methods.top_down.pooling import pooling
from tfwsol.methods.top_down.settings import Settings


def plan(graph: FlatGraph, stop: Slot, settings: Settings) -> list[GateStep]:
    """The gate steps from the answer to the tensor at `stop`, in the order in which they run.

    Args:
        graph: The flattened model; its one output is batch × classes.
        stop: Where the gates are wanted.
        settings: How each layer selects.

    Raises:
        ValueError: Nothing leads from `stop` to the answer, a setting names no layer, or layers
            cannot be passed; the message names them all, with the reasons.
    """
    _check_names(graph, settings)
    reading = GraphReading(graph, settings)
    steps, _ = downstream(graph, stop, graph.outputs)
    if not steps:
        raise ValueError(
            f"Nothing leads from the layer to stop at to the answer of model {graph.name!r}; "
            "choose an earlier one."
        )
    found, unsupported = [], []
    for step in reversed(steps):
        try:
            found.append(gate_step(reading, step))
        except UnsupportedLayer as reason:
            kind = type(step.operation).__name__
            unsupported.append(f"{step.path!r} ({kind}): {reason}")
    if unsupported:
        raise ValueError(
            f"STNet cannot go down through {len(unsupported)} layer(s) of model {graph.name!r}: "
            f"{'; '.join(unsupported[:8])}{'; …' * (len(unsupported) > 8)}. Stop above them "
            "(stop_layer=...), or name those whose cells belong to the same cells of their input "
            "(pass_through=[...])."
        )
    return found


def gate_step(reading: GraphReading, step: Step) -> GateStep:
    """How gates go down through one call of a layer.

    Raises:
        UnsupportedLayer: They cannot.
    """
    for make in (pass_through, normalisation, weighted, pooling, merging):
        found = make(reading, step)
        if found is not None:
            return found
    if type(step.operation) is keras.layers.SeparableConv2D:
        return SeparableConvolution(reading, step)
    raise UnsupportedLayer(_reason(step))


def _reason(step: Step) -> str:
    operation = step.operation
    if isinstance(operation, keras.layers.Conv2D | keras.layers.Dense):
        return f"a subclass of {type(operation).__mro__[1].__name__} may compute anything"
    if type(operation).__name__ == "Multiply":
        return "a product of tensors has no share that belongs to one of them"
    if type(operation).__name__ in ("LayerNormalization", "GroupNormalization"):
        return "its scale is made of the image itself"
    return "no rule says which of its inputs explain an output"


def _check_names(graph: FlatGraph, settings: Settings) -> None:
    names = [name for step in graph.steps for name in (step.path, step.path.rsplit("/", 1)[-1])]
    for name in settings.layers_named():
        if name not in names:
            raise ValueError(unknown_name(name, names, f"Model {graph.name!r}"))
