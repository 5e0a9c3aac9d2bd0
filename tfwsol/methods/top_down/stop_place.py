"""Where the pass ends: the tensor whose gates are the map."""

from __future__ import annotations

from typing import Any

import keras

from tfwsol.boxes import CellGrid
from tfwsol.graph.flat_graph import FlatGraph, Slot, Step
from tfwsol.graph.lookup import find_slot, is_spatial, last_spatial_slot
from tfwsol.graph.split import downstream
from tfwsol.methods.top_down.graph_reading import GraphReading, UnsupportedLayer
from tfwsol.methods.top_down.known_layers import is_identity
from tfwsol.methods.top_down.plan import gate_step
from tfwsol.methods.top_down.settings import Settings
from tfwsol.methods.top_down.windows import border

Grids = tuple[CellGrid, CellGrid]
"""Of the rows and of the columns."""


def stop_slot(graph: FlatGraph, stop_layer: Any, settings: Settings) -> Slot:
    """The tensor at which the pass ends.

    Args:
        graph: The flattened model.
        stop_layer: A layer reference, whose output it is; None: as the preset has it.
        settings: With the preset.

    Raises:
        ValueError: There is no such layer, or no such tensor, or it is no map.
    """
    stride = settings.preset.stop_stride
    if stop_layer is not None or stride is None:
        slot = last_spatial_slot(graph) if stop_layer is None else find_slot(graph, stop_layer)
        shape = tuple(graph.specs[slot].shape)
        if len(shape) != 4 or not is_spatial(shape):
            name = "the last map" if stop_layer is None else getattr(stop_layer, "name", stop_layer)
            raise ValueError(
                "STNet's map is that of a layer of batch × height × width × channels, but "
                f"{name!r} has the shape {shape}."
            )
        return slot
    image = image_slot(graph, settings)
    if stride == 1:
        return image
    for slot, grids in cell_grids(graph, image).items():
        is_there = {grid.stride for grid in grids} == {stride}
        if is_there and not downstream(graph, slot, graph.outputs)[1]:
            return slot
    raise ValueError(
        f"Model {graph.name!r} has no tensor with cells {stride} pixels apart through which "
        "everything passes; name the layer to stop at (stop_layer=...)."
    )


def image_slot(graph: FlatGraph, settings: Settings) -> Slot:
    """The image as the first layer with a rule sees it: behind scaling, resizing and the like.

    Raises:
        ValueError: The model does not have exactly one input of batch × height × width × channels.
    """
    images = _images(graph)
    if len(images) != 1:
        shapes = [tuple(graph.specs[slot].shape) for slot in graph.inputs]
        raise ValueError(
            f"Expected one input of batch × height × width × channels, but model {graph.name!r} "
            f"has {shapes}; name the layer to stop at (stop_layer=...)."
        )
    reading, slot = GraphReading(graph, settings), images[0]
    while len(reading.consumers[slot]) == 1:
        (step,) = reading.consumers[slot]
        if not _is_preprocessing(reading, step):
            break
        slot = step.outputs[0]
    return slot


def grids_at(graph: FlatGraph, slot: Slot, settings: Settings) -> Grids | None:
    """The grids of a tensor's rows and columns; None where there is no single image below it."""
    if len(_images(graph)) != 1:
        return None
    return cell_grids(graph, image_slot(graph, settings)).get(slot)


def cell_grids(graph: FlatGraph, image: Slot) -> dict[Slot, Grids]:
    """The grids of the maps that an image leads to, as far as they are known, from below.

    Where several paths meet, the widest view counts.
    """
    height, width = graph.specs[image].shape[1:3]
    grids = {image: (CellGrid(height), CellGrid(width))}
    for step in graph.steps:
        known = [grids[slot] for slot in step.inputs if slot in grids]
        shape = tuple(graph.specs[step.outputs[0]].shape)
        if not known or len(shape) != 4 or len(step.outputs) != 1 or step.outputs[0] in grids:
            continue
        before = max(known, key=lambda pair: pair[0].receptive_field)
        after = _behind(step.operation, before)
        sizes = zip(after, shape[1:3], strict=True)
        if all(grid.size in (None, size) for grid, size in sizes):
            grids[step.outputs[0]] = after
    return grids


def _behind(operation: Any, grids: Grids) -> Grids:
    window = getattr(operation, "kernel_size", None) or getattr(operation, "pool_size", None)
    if window is not None:
        dilation = getattr(operation, "dilation_rate", (1, 1))
        sizes = [grid.size or 0 for grid in grids]
        sides = border(operation.padding, sizes, window, operation.strides, dilation)
        layer = (window, operation.strides, sides, dilation)
    elif isinstance(operation, keras.layers.ZeroPadding2D):
        layer = ((1, 1), (1, 1), operation.padding, (1, 1))
    elif isinstance(operation, keras.layers.Cropping2D):
        cut = [(-before, -behind) for before, behind in operation.cropping]
        layer = ((1, 1), (1, 1), cut, (1, 1))
    else:
        return grids
    rows, columns = (grid.through(*along) for grid, *along in zip(grids, *layer, strict=True))
    return rows, columns


def _images(graph: FlatGraph) -> list[Slot]:
    return [slot for slot in graph.inputs if len(graph.specs[slot].shape) == 4]


def _is_preprocessing(reading: GraphReading, step: Step) -> bool:
    operation = step.operation
    if len(step.inputs) != 1 or len(reading.shape(step.outputs[0])) != 3:
        return False
    if is_identity(operation):
        return True
    same_channels = reading.shape(step.inputs[0])[-1] == reading.shape(step.outputs[0])[-1]
    if not same_channels or getattr(operation, "trainable_weights", ()):
        return False
    try:
        gate_step(reading, step)
    except UnsupportedLayer:
        return True
    return False
