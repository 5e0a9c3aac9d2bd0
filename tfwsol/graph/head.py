"""The linear classifier at the end of a model, and its logits without the final softmax."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from tfwsol.graph.flat_graph import FlatGraph, Slot, Step

_FINAL_ACTIVATIONS = ("softmax", "log_softmax", "sigmoid", "linear")
_FINAL_OPERATIONS = ("Softmax", "LogSoftmax", "Sigmoid")
_RESHAPES = ("Flatten", "Reshape", "Squeeze")
NOTHING_AT_INFERENCE = (
    "Dropout",
    "SpatialDropout2D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "ActivityRegularization",
    "Cast",
)
"""Keras' own operations that hand on their input at inference."""


@dataclasses.dataclass(frozen=True)
class Head:
    """Where a model's features end and its linear classifier begins.

    Attributes:
        features: Slot the classifier reads: batch × channels, or, where `pools`,
            batch × height × width × channels.
        layer: The Dense or 1×1 Conv2D that holds the weights; None where the channels of the
            last map are the classes themselves (a network that ends in a global average).
        pools: True where a global average follows the classifier.
    """

    features: Slot
    layer: keras.Layer | None
    pools: bool

    def weights(self, channels: int) -> tuple[Any, Any]:
        """The kernel, channels × classes, and the bias, classes; both float32, read now."""
        if self.layer is None:
            return keras.ops.eye(channels), keras.ops.zeros((channels,))
        kernel = keras.ops.cast(keras.ops.convert_to_tensor(self.layer.kernel), "float32")
        kernel = keras.ops.reshape(kernel, kernel.shape[-2:])
        if not self.layer.use_bias:
            return kernel, keras.ops.zeros((kernel.shape[-1],))
        return kernel, keras.ops.cast(keras.ops.convert_to_tensor(self.layer.bias), "float32")

    def pooled(self, features: Any) -> Any:
        """Features as batch × channels in float32, whatever the model's own precision."""
        features = keras.ops.cast(features, "float32")
        if self.pools:
            return keras.ops.mean(features, axis=(1, 2))
        return keras.ops.reshape(features, (-1, features.shape[-1]))

    def logits(self, features: Any) -> Any:
        """Scores before any softmax, float32, batch × classes."""
        pooled = self.pooled(features)
        kernel, bias = self.weights(pooled.shape[-1])
        return keras.ops.matmul(pooled, kernel) + bias


def find_head(graph: FlatGraph, cut: Slot | None = None) -> Head | None:
    """The linear classifier a graph ends in, or None where it ends in anything else.

    Looks through softmax, sigmoid, dropout, identity and reshapes of single cells for a Dense
    layer, a 1×1 convolution on one cell, or a global average of class maps.

    Args:
        graph: The flattened model.
        cut: Where the head must not reach behind: of class maps that are cut themselves only
            the average belongs to the head.
    """
    if len(graph.outputs) != 1:
        return None
    step = graph.producer(_before_activations(graph, graph.outputs[0]))
    if step is None:
        return None
    if _is_plain(step.operation, keras.layers.Dense) and _rank(graph, step.inputs[0]) == 2:
        return Head(step.inputs[0], step.operation, pools=False)
    one_cell = len(step.inputs) == 1 and _is_one_cell(graph.specs[step.inputs[0]].shape)
    if one_cell and is_pointwise_convolution(step.operation):
        return Head(step.inputs[0], step.operation, pools=False)
    if pools_globally(graph, step):
        return _class_map_head(graph, step.inputs[0], cut)
    return None


def is_pointwise_convolution(operation: Any) -> bool:
    """True for a linear 1×1 convolution with stride one and one group."""
    return (
        _is_plain(operation, keras.layers.Conv2D)
        and operation.kernel_size == (1, 1)
        and operation.strides == (1, 1)
        and operation.groups == 1
    )


def pools_globally(graph: FlatGraph, step: Step) -> bool:
    """True where a step averages batch × height × width × channels over all cells.

    Knows GlobalAveragePooling2D, `keras.ops.mean` over axes 1 and 2, and an average pooling
    window of the size of the map.
    """
    operation, inputs = step.operation, step.inputs
    if len(inputs) != 1 or _rank(graph, inputs[0]) != 4:
        return False
    if isinstance(operation, keras.layers.GlobalAveragePooling2D):
        return operation.data_format == "channels_last"
    if isinstance(operation, keras.layers.AveragePooling2D):
        size = tuple(graph.specs[inputs[0]].shape[1:3])
        one_window = operation.pool_size == size and _is_one_cell(
            graph.specs[step.outputs[0]].shape
        )
        return one_window and operation.data_format == "channels_last"
    if is_keras_own(operation, ("Mean",)):
        axis = getattr(operation, "axis", None)
        return axis is not None and sorted(a % 4 for a in _as_tuple(axis)) == [1, 2]
    return False


def passes_through(graph: FlatGraph, step: Step) -> bool:
    """True where a step hands on the same numbers at inference, reshaped at most."""
    operation = step.operation
    if len(step.inputs) != 1:
        return False
    if isinstance(operation, keras.layers.Activation):
        return operation.activation is keras.activations.linear
    if is_keras_own(operation, _RESHAPES):
        before, after = (graph.specs[slot].shape for slot in (*step.inputs, *step.outputs))
        return _is_one_cell(before) and _is_one_cell(after) and before[-1] == after[-1]
    return is_keras_own(operation, NOTHING_AT_INFERENCE)


def is_keras_own(operation: Any, names: tuple[str, ...]) -> bool:
    """True for an operation of Keras itself by one of these names, raw or a layer."""
    kind = type(operation)
    return kind.__name__ in names and kind.__module__.startswith("keras.")


def _before_activations(graph: FlatGraph, slot: Slot) -> Slot:
    while (step := graph.producer(slot)) is not None and len(step.inputs) == 1:
        operation = step.operation
        final = (
            isinstance(operation, keras.layers.Activation)
            and operation.activation.__name__ in _FINAL_ACTIVATIONS
        )
        if not (final or is_keras_own(operation, _FINAL_OPERATIONS) or passes_through(graph, step)):
            break
        slot = step.inputs[0]
    return slot


def _class_map_head(graph: FlatGraph, class_maps: Slot, cut: Slot | None) -> Head:
    while class_maps != cut and (step := graph.producer(class_maps)) is not None:
        if is_pointwise_convolution(step.operation):
            return Head(step.inputs[0], step.operation, pools=True)
        if not passes_through(graph, step):
            break
        class_maps = step.inputs[0]
    return Head(class_maps, None, pools=True)


def _is_plain(operation: Any, cls: type) -> bool:
    # An int8-quantized kernel is not the kernel of the logits; such a layer stays opaque.
    return (
        type(operation) is cls
        and getattr(operation, "quantization_mode", None) is None
        and operation.activation.__name__ in _FINAL_ACTIVATIONS
    )


def _is_one_cell(shape: tuple[int | None, ...]) -> bool:
    return all(size == 1 for size in shape[1:-1])


def _rank(graph: FlatGraph, slot: Slot) -> int:
    return len(graph.specs[slot].shape)


def _as_tuple(axis: Any) -> tuple[int, ...]:
    return (axis,) if isinstance(axis, int) else tuple(axis)
