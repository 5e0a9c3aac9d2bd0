"""Where the features of a network end and its classifier begins."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from tfwsol.graph.flat_graph import as_functional, is_graph_model, nodes_in_order
from tfwsol.graph.head import find_head
from tfwsol.graph.lookup import is_spatial, last_spatial_slot
from tfwsol.graph.split import graph_of
from tfwsol.graph.tail_form import TailForm, tail_form
from tfwsol.layers import ClassActivationHead


@dataclasses.dataclass(frozen=True)
class Trunk:
    """A network's last map, and the linear classifier that stood on it.

    Attributes:
        image: The network's input.
        features: Batch × height × width × channels.
        name: Of the network.
        head: The class activation head that already reads the features, with its outputs.
        classifier: Kernel, channels × classes, and bias of another linear classifier.
    """

    image: keras.KerasTensor
    features: keras.KerasTensor
    name: str
    head: tuple[keras.KerasTensor, keras.KerasTensor] | None = None
    classifier: tuple[Any, Any] | None = None


def trunk_of(model: keras.Model) -> Trunk:
    """The trunk of a classifier, or of a network that ends with its last map.

    Args:
        model: Functional or built Sequential, of one image input.

    Raises:
        ValueError: If the model has no graph, several inputs or no map.
    """
    if not is_graph_model(model) or len(model.inputs) != 1:
        raise ValueError(
            f"Expected a functional or built Sequential backbone with one input of images, but "
            f"{model.name!r} is a {type(model).__name__}; give its functional part, or put "
            "tfwsol's layers into your own model."
        )
    model = as_functional(model)
    nodes = list(nodes_in_order(model))
    image, output = model.inputs[0], model.outputs[0]
    for node in nodes:
        if isinstance(node.operation, ClassActivationHead):
            features = node.input_tensors[0]
            return Trunk(image, features, model.name, tuple(node.outputs))
    maps = [node.outputs[0] for node in nodes if is_spatial(node.outputs[0].shape)]
    maps = [tensor for tensor in maps if len(tensor.shape) == 4]
    if not maps:
        raise ValueError(
            f"Backbone {model.name!r} has no map of batch × height × width × channels; a "
            "localizer needs a convolutional network."
        )
    if output is maps[-1]:
        return Trunk(image, output, model.name)
    return _before_classifier(model, nodes, maps[-1])


def _before_classifier(model: keras.Model, nodes: list[Any], last_map: keras.KerasTensor) -> Trunk:
    graph = graph_of(model)
    head = find_head(graph)
    weights, features = None, last_map
    if head is not None and head.layer is not None and head.pools:
        # What such a convolution reads is the last map before the class maps.
        readers = [node for node in nodes if node.operation is head.layer]
        features = readers[0].input_tensors[0] if readers else last_map
        weights = head.weights(features.shape[-1]) if readers else None
    elif tail_form(graph, last_spatial_slot(graph), head) is TailForm.POOLED_LINEAR:
        weights = head.weights(features.shape[-1])
    return Trunk(model.inputs[0], features, model.name, classifier=weights)


def class_activation_network(trunk: Trunk, num_classes: int, **options: Any) -> keras.Model:
    """The network from images to ``logits`` and ``class_maps``.

    A classifier with the right number of classes keeps its weights; otherwise a new class
    activation head called ``head`` takes its place.

    Args:
        trunk: Of the backbone.
        num_classes: At least one.
        options: Of a new `ClassActivationHead`.
    """
    if trunk.head is not None and trunk.head[0].shape[-1] == num_classes:
        logits, class_maps = trunk.head
    else:
        channels = trunk.features.shape[-1]
        # Float32 under mixed precision too, since the loss takes the logits' exponential.
        head = ClassActivationHead(num_classes, channels, dtype="float32", name="head", **options)
        logits, class_maps = head(trunk.features)
        if trunk.classifier is not None and trunk.classifier[0].shape[-1] == num_classes:
            kernel, bias = trunk.classifier
            head.classifier.kernel.assign(keras.ops.reshape(kernel, head.classifier.kernel.shape))
            head.classifier.bias.assign(bias)
    outputs = {"logits": logits, "class_maps": class_maps}
    return keras.Model(trunk.image, outputs, name=trunk.name)
