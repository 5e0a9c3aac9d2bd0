"""What a tail computes, as far as its graph proves it."""

from __future__ import annotations

import enum
from typing import Any

import keras

from tfwsol.graph.flat_graph import FlatGraph, Slot
from tfwsol.graph.head import Head, is_keras_own, passes_through, pools_globally
from tfwsol.graph.split import downstream


class TailForm(enum.Enum):
    """The shape of the function from the cut tensor to the logits."""

    POOLED_LINEAR = "global average, then a linear classifier"
    RELU_POOLED_LINEAR = "ReLU, global average, then a linear classifier"
    GENERAL = "anything else"


def tail_form(graph: FlatGraph, cut: Slot, head: Head | None) -> TailForm:
    """The closed form a tail has, if every step behind the cut is known to keep to it."""
    if head is None or len(graph.specs[cut].shape) != 4:
        return TailForm.GENERAL
    steps, crossing = downstream(graph, cut, [head.features])
    if crossing or (head.features != cut and not steps):
        return TailForm.GENERAL
    pooled = has_relu = False
    for step in steps:
        if not pooled and pools_globally(graph, step):
            pooled = True
        elif not pooled and _is_relu(step.operation):
            has_relu = True
        elif not passes_through(graph, step):
            return TailForm.GENERAL
    if pooled == head.pools:
        return TailForm.GENERAL
    return TailForm.RELU_POOLED_LINEAR if has_relu else TailForm.POOLED_LINEAR


def _is_relu(operation: Any) -> bool:
    if isinstance(operation, keras.layers.Activation):
        return operation.activation is keras.activations.relu
    plain = not any(
        getattr(operation, name, None) for name in ("max_value", "threshold", "negative_slope")
    )
    return plain and is_keras_own(operation, ("Relu", "ReLU"))
