"""A network without what only training needs."""

from __future__ import annotations

from typing import Any

import keras

from tfwsol.graph.flat_graph import fill_in, nodes_in_order
from tfwsol.layers import ADL, HideAndSeek

_ONLY_IN_TRAINING = (ADL, HideAndSeek)


def inference_network(network: keras.Model, outputs: tuple[str, ...]) -> keras.Model:
    """The part of a network that leads to some outputs, without ADL and hidden cells.

    Args:
        network: Functional, of one input and a dictionary of outputs; it stays as it was.
        outputs: The names that are kept.

    Returns:
        A functional model of the same name that shares layers and variables.
    """
    kept = keras.Model(network.inputs[0], {name: network.output[name] for name in outputs})
    image = network.inputs[0]
    start = keras.Input(batch_shape=image.shape, dtype=image.dtype, name=image.name)
    values: dict[int, Any] = {id(image): start}
    for node in nodes_in_order(kept):
        if isinstance(node.operation, _ONLY_IN_TRAINING):
            values[id(node.outputs[0])] = values[id(node.input_tensors[0])]
            continue
        args, kwargs = fill_in(node.arguments, values)
        results = keras.tree.flatten(node.operation(*args, **kwargs))
        values.update({id(t): new for t, new in zip(node.outputs, results, strict=True)})
    found = {name: values[id(network.output[name])] for name in outputs}
    return keras.Model(start, found, name=network.name)
