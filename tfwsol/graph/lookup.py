"""Finding the place in a graph that a name, a layer or nothing at all points to."""

from __future__ import annotations

import difflib
import warnings
from typing import Any

import keras

from tfwsol.graph.flat_graph import FlatGraph, Point, Slot

LayerReference = Any
"""A layer name, a path through nested models ("backbone/conv5"), a layer, or (one of these,
call index)."""


def find_slot(graph: FlatGraph, layer: LayerReference) -> Slot:
    """The output slot of the layer that was asked for.

    Args:
        graph: The flattened model.
        layer: A name, a path, a layer, or a pair of one of these and a call index. A layer
            that is called several times gives its last call, with a warning.

    Raises:
        ValueError: If nothing or more than one layer goes by that name, the call index is out
            of range, or the layer has several outputs.
    """
    reference, call = layer if isinstance(layer, tuple) else (layer, None)
    points = sorted(_matching_points(graph, reference), key=lambda point: point.order)
    if call is None and len(points) > 1:
        warnings.warn(several_calls(points[0].path, len(points)), stacklevel=3)
    call = -1 if call is None else call
    if not -len(points) <= call < len(points):
        raise ValueError(wrong_call(points[0].path, len(points), call))
    point = points[call]
    if len(point.outputs) != 1:
        raise ValueError(
            f"Layer {point.path!r} has {len(point.outputs)} outputs, but a cut needs exactly "
            "one tensor; choose a layer behind it."
        )
    return point.outputs[0]


def last_spatial_slot(graph: FlatGraph) -> Slot:
    """The tensor nearest to the output that still has more than one spatial cell.

    Raises:
        ValueError: If the model has no such tensor.
    """
    depths = graph.depths()
    produced = [slot for step in graph.steps for slot in step.outputs]
    spatial = [slot for slot in produced if slot in depths and is_spatial(graph.specs[slot].shape)]
    if not spatial:
        raise ValueError(
            f"Model {graph.name!r} has no tensor with a height and a width of more than one cell; "
            "attention maps need a convolutional (batch × height × width × channels) layer."
        )
    # Among equally near tensors the later one has seen more of the network.
    return min(reversed(spatial), key=depths.__getitem__)


def is_spatial(shape: tuple[int | None, ...]) -> bool:
    """True for batch (× frames) × height × width × channels with more than one spatial cell."""
    if len(shape) not in (4, 5):
        return False
    height, width = shape[-3], shape[-2]
    return not (height == 1 and width == 1)


def unknown_name(name: str, names: list[str], what: str) -> str:
    """One sentence that says a name is unknown and lists those that come near."""
    names = list(dict.fromkeys(names))
    near = difflib.get_close_matches(name, names, n=5, cutoff=0.5)
    near = near or [candidate for candidate in names if name.lower() in candidate.lower()][:5]
    hint = f"did you mean {near}?" if near else f"the last ones are {names[-5:]}."
    return f"{what} has no layer {name!r}; {hint}"


def no_reference(reference: Any) -> str:
    """One sentence that says how a layer is given."""
    return (
        "A layer is given by name, by path, as a layer or as (layer, call index), but "
        f"{type(reference).__name__} came."
    )


def several_calls(name: str, count: int) -> str:
    """One sentence that says which call of a layer is used and how to choose another."""
    return (
        f"Layer {name!r} is called {count} times; its last call is used. Pass (layer, call index) "
        "to choose another."
    )


def wrong_call(name: str, count: int, index: int) -> str:
    """One sentence that says a call index is out of range."""
    return (
        f"Layer {name!r} is called {count} time(s), but call index {index} was asked for; use 0 to "
        f"{count - 1}."
    )


def _matching_points(graph: FlatGraph, reference: Any) -> list[Point]:
    if isinstance(reference, keras.Operation):
        points = [point for point in graph.points if point.operation is reference]
        if not points:
            raise ValueError(
                f"Layer {reference.name!r} is not part of model {graph.name!r}; "
                "pass a layer of this very model, or its name."
            )
        return points
    if not isinstance(reference, str):
        raise TypeError(no_reference(reference))
    points = [point for point in graph.points if point.path == reference]
    points = points or [point for point in graph.points if point.name == reference]
    if not points:
        names = [p.name for p in graph.points] + [p.path for p in graph.points]
        raise ValueError(unknown_name(reference, names, f"Model {graph.name!r}"))
    paths = list(dict.fromkeys(point.path for point in points))
    if len(paths) > 1:
        raise ValueError(
            f"{len(paths)} layers of model {graph.name!r} are called {reference!r}; "
            f"name one by its path: {paths}."
        )
    return points
