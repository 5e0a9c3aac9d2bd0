"""Looking into subclassed models, which have no graph, while they run.

For the time of one call the layers' `call` is wrapped, so that outputs can be recorded or
replaced; afterwards the model is as it was. Slower than a split: the body of the model is
traced again with every tail.
"""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Callable
from typing import Any

import keras

from tfwsol.graph.lookup import (
    LayerReference,
    is_spatial,
    no_reference,
    several_calls,
    unknown_name,
    wrong_call,
)
from tfwsol.graph.watching import watching


@dataclasses.dataclass(frozen=True)
class LayerCall:
    """One recorded call: which layer, which of its calls, and what went in and out."""

    layer: keras.Layer
    index: int
    inputs: Any
    output: Any


def run_recorded(
    model: keras.Model, images: Any, target: LayerCall | None = None, replacement: Any = None
) -> tuple[Any, list[LayerCall]]:
    """The model's output and every layer call on the way, in the order they finished.

    Args:
        model: Any Keras model.
        images: What the model takes.
        target: A call recorded before, whose output shall be replaced this time.
        replacement: The tensor to put there.
    """
    if not model.built:
        # Layers made on the way are known only afterwards.
        model(images, training=False)
    calls: list[LayerCall] = []

    def watch(layer: keras.Layer, call: Callable) -> Callable:
        @functools.wraps(call)
        def watched(*args: Any, **kwargs: Any) -> Any:
            output = call(*args, **kwargs)
            index = sum(known.layer is layer for known in calls)
            if target is not None and layer is target.layer and index == target.index:
                output = replacement
            calls.append(LayerCall(layer, index, next(iter([*args, *kwargs.values()])), output))
            return output

        return watched

    with watching(model, watch):
        return model(images, training=False), calls


def choose_call(model: keras.Model, calls: list[LayerCall], layer: LayerReference) -> LayerCall:
    """The recorded call a layer reference means; None means the last spatial output.

    Raises:
        ValueError: If no call fits the reference.
    """
    if layer is None:
        spatial = [call for call in calls if _is_map(call.output)]
        if not spatial:
            raise ValueError(
                f"Model {model.name!r} made no tensor with a height and a width of more than one "
                "cell; attention maps need a convolutional layer."
            )
        return spatial[-1]
    reference, index = layer if isinstance(layer, tuple) else (layer, None)
    if isinstance(reference, keras.Layer):
        matching = [call for call in calls if call.layer is reference]
    elif isinstance(reference, str):
        matching = [call for call in calls if call.layer.name == reference]
    else:
        raise TypeError(no_reference(reference))
    if not matching:
        name = getattr(reference, "name", reference)
        names = [call.layer.name for call in calls]
        raise ValueError(unknown_name(name, names, f"Subclassed model {model.name!r}"))
    if len({id(call.layer) for call in matching}) > 1:
        raise ValueError(
            f"Several layers of subclassed model {model.name!r} are called {reference!r}; "
            "pass the layer itself."
        )
    name = matching[0].layer.name
    if index is None and len(matching) > 1:
        warnings.warn(several_calls(name, len(matching)), stacklevel=3)
    index = -1 if index is None else index
    if not -len(matching) <= index < len(matching):
        raise ValueError(wrong_call(name, len(matching), index))
    return matching[index]


def logits_of(output: Any, calls: list[LayerCall]) -> Any:
    """The model's output before a final softmax or sigmoid, float32, where that can be known."""
    # The innermost of the calls that returned a tensor is the one that made it.
    made_by = {id(call.output): call for call in reversed(calls)}
    call = made_by.get(id(output))
    if call is not None and _is_softmax_layer(call.layer):
        # Recomputed, since under mixed precision the layer's own logits are rounded.
        kernel = keras.ops.cast(keras.ops.convert_to_tensor(call.layer.kernel), "float32")
        logits = keras.ops.matmul(keras.ops.cast(call.inputs, "float32"), kernel)
        return logits + call.layer.bias if call.layer.use_bias else logits
    # Keras' activations leave the logits at what they return, for its own losses.
    logits = getattr(output, "_keras_logits", None)
    if logits is not None:
        return logits_of(logits, calls)
    return keras.ops.cast(output, "float32")


def _is_softmax_layer(layer: keras.Layer) -> bool:
    return (
        type(layer) is keras.layers.Dense
        and layer.quantization_mode is None
        and layer.activation in (keras.activations.softmax, keras.activations.sigmoid)
    )


def _is_map(output: Any) -> bool:
    return hasattr(output, "shape") and is_spatial(tuple(output.shape))
