"""A network with a finer last map: late strides become 1, all weights stay."""

from __future__ import annotations

from typing import Any

import keras

from tfwsol.graph.flat_graph import nodes_in_order

_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)


def with_output_stride(model: keras.Model, output_stride: int) -> keras.Model:
    """A copy of a functional network whose last map has that many pixels per cell.

    Every layer that would make a cell wider than `output_stride` gets stride 1 and padding
    "same", and the layer of zeros in front of it pads nothing; pools of 2 × 2 and 1 × 1 cells
    let everything through. No dilation is added, as in the localization papers.

    Args:
        model: Functional, without nested models that have strides; weights are copied.
        output_stride: At most the network's own, in pixels.

    Raises:
        ValueError: The network has no such stride on its way, or a stride that cannot change.
    """
    edits, reached = _edits(model, output_stride)
    if reached != output_stride:
        raise ValueError(
            f"The last map of {model.name!r} can have a stride of {reached} pixels, but not of "
            f"{output_stride}; choose a power of two up to the network's own stride."
        )
    config = model.get_config()
    for layer in config["layers"]:
        layer["config"].update(edits.get(layer["config"]["name"], {}))
    copy = type(model).from_config(config)
    copy.set_weights(model.get_weights())
    return copy


def _edits(model: keras.Model, output_stride: int) -> tuple[dict[str, dict[str, Any]], int]:
    """New entries for the layers' configurations by name, and the stride of the last map."""
    edits: dict[str, dict[str, Any]] = {}
    strides = {id(tensor): 1 for tensor in model.inputs}
    for node in nodes_in_order(model):
        layer = node.operation
        _refuse_nested(layer, model.name)
        stride = max((strides[id(tensor)] for tensor in node.input_tensors), default=1)
        factor = _factor(layer)
        if factor > 1 and stride * factor > output_stride:
            edits.update(_unstrided(layer, node.input_tensors[0]))
            factor = 1
        strides.update((id(tensor), stride * factor) for tensor in node.outputs)
    return edits, strides[id(model.outputs[0])]


def _factor(layer: keras.Operation) -> int:
    return max(getattr(layer, "strides", (1,)))


def _unstrided(layer: keras.Layer, features: keras.KerasTensor) -> dict[str, dict[str, Any]]:
    if isinstance(layer, keras.layers.MaxPooling2D | keras.layers.AveragePooling2D):
        # A window of 2 with stride 1 would move the map by half a cell.
        size = 1 if max(layer.pool_size) <= 2 else layer.pool_size
        edits = {layer.name: {"pool_size": size, "strides": 1, "padding": "same"}}
    elif isinstance(layer, _CONVOLUTIONS):
        edits = {layer.name: {"strides": 1, "padding": "same"}}
    else:
        raise ValueError(
            f"The stride of layer {layer.name!r} ({type(layer).__name__}) cannot be changed; use "
            "the network with its own output stride."
        )
    before = features._keras_history.operation
    if isinstance(before, keras.layers.ZeroPadding2D):
        edits[before.name] = {"padding": 0}
    return edits


def _refuse_nested(layer: keras.Operation, name: str) -> None:
    if isinstance(layer, keras.Model) and any(_factor(inner) > 1 for inner in layer.layers):
        raise ValueError(
            f"{name!r} keeps strides in the nested model {layer.name!r}, where they cannot be "
            "changed; use it with its own output stride."
        )
