"""Cutting a model in two at a layer, with everything else that crosses the cut."""

from __future__ import annotations

import collections
import weakref
from typing import Any

import keras

from tfwsol.graph.flat_graph import FlatGraph, Slot, Step, as_functional, is_graph_model
from tfwsol.graph.lookup import LayerReference, find_slot
from tfwsol.graph.part import GraphPart

_GRAPHS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_SPLITS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_SPLITS_PER_MODEL = 8


def split(model: keras.Model, layer: LayerReference) -> tuple[GraphPart, GraphPart]:
    """A body and a tail with `tail(body(x)) == model(x)`, cut behind a layer.

    Both share the model's layers and weights and leave the model as it was. The cut tensor is
    replaced for every consumer; tensors that bypass the cut (residuals, dense blocks) cross
    beside it. Splits are cached: eight per model, forgotten with the model.

    Args:
        model: A functional or built Sequential model, with nested models to any depth.
        layer: Where to cut: a layer name, a path ("backbone/conv5"), a layer, or a pair of one
            of these and the index of the call.

    Returns:
        body: Maps what the model takes to the cut tensor, or to a list [cut tensor,
            *crossing tensors] where several cross the cut.
        tail: Maps what the body returns to what the model returns.

    Raises:
        ValueError: If the model has no readable graph, or no such layer.
    """
    graph = graph_of(model)
    return split_at(model, graph, find_slot(graph, layer))


def graph_of(model: keras.Model) -> FlatGraph:
    """The flat graph of a model, read once and remembered while the model lives.

    Raises:
        ValueError: If the model is subclassed, or a Sequential that was never built.
    """
    if not is_graph_model(model):
        raise ValueError(
            f"Model {getattr(model, 'name', model)!r} has no graph to cut: functional and built "
            "Sequential models have one; give a Sequential an Input layer, or wrap a subclassed "
            "model's layers in a functional one."
        )
    ends = _ends(model)
    known = _GRAPHS.get(model)
    if known is None or [id(t) for t in known[0]] != [id(t) for t in ends]:
        known = (ends, FlatGraph(as_functional(model)))
        _GRAPHS[model] = known
        _SPLITS.pop(model, None)
    return known[1]


def split_at(model: keras.Model, graph: FlatGraph, cut: Slot) -> tuple[GraphPart, GraphPart]:
    """The split of a model at one slot of its flat graph, from the cache where it is there."""
    cache = _SPLITS.setdefault(model, collections.OrderedDict())
    if cut not in cache:
        cache[cut] = _cut_in_two(graph, cut)
    cache.move_to_end(cut)
    while len(cache) > _SPLITS_PER_MODEL:
        cache.popitem(last=False)
    return cache[cut]


def tail_to(graph: FlatGraph, cut: Slot, outputs: Any, name: str) -> tuple[GraphPart, list[Slot]]:
    """The part from a cut to some slots behind it, and the tensors that cross beside the cut."""
    steps, crossing = downstream(graph, cut, keras.tree.flatten(outputs))
    return GraphPart(graph, steps, [cut, *crossing], outputs, name), crossing


def body_to(graph: FlatGraph, outputs: list[Slot], name: str) -> GraphPart:
    """The part from the model's inputs to some slots: a tensor for one slot, else a list."""
    structure = outputs[0] if len(outputs) == 1 else list(outputs)
    steps = _needed(graph.steps, outputs)
    return GraphPart(graph, steps, graph.inputs, structure, name, graph.input_structure)


def downstream(graph: FlatGraph, cut: Slot, outputs: list[Slot]) -> tuple[list[Step], list[Slot]]:
    """The steps from a cut to the outputs, and the slots they read from before the cut."""
    behind = {cut}
    for step in graph.steps:
        if cut not in step.outputs and behind.intersection(step.inputs):
            behind.update(step.outputs)
    steps = [s for s in _needed(graph.steps, outputs, stop=cut) if behind.intersection(s.outputs)]
    steps = [step for step in steps if cut not in step.outputs]
    read = [slot for step in steps for slot in step.inputs] + list(outputs)
    return steps, list(dict.fromkeys(slot for slot in read if slot not in behind))


def _ends(model: keras.Model) -> list[keras.KerasTensor]:
    """The symbolic inputs and outputs of a model and those nested in it.

    They tell whether a graph is still true: Sequential.add and pop change a model in place and
    give it new ones.
    """
    nested = filter(is_graph_model, model._flatten_layers(include_self=False, recursive=True))
    return [tensor for part in (model, *nested) for tensor in (*part.inputs, *part.outputs)]


def _cut_in_two(graph: FlatGraph, cut: Slot) -> tuple[GraphPart, GraphPart]:
    tail, crossing = tail_to(graph, cut, graph.output_structure, f"{graph.name}_tail")
    body = body_to(graph, [cut, *crossing], f"{graph.name}_body")
    return body, tail


def _needed(steps: list[Step], outputs: list[Slot], stop: Slot | None = None) -> list[Step]:
    wanted = set(outputs) - {stop}
    kept = []
    for step in reversed(steps):
        if wanted.intersection(step.outputs):
            kept.append(step)
            wanted.update(slot for slot in step.inputs if slot != stop)
    return kept[::-1]
