"""The intermediate maps of a network by name."""

from __future__ import annotations

import re

import keras

from tfwsol.graph.flat_graph import nodes_in_order
from tfwsol.layers import ClassActivationHead

_STAGES = {
    "alexnet": r"conv\d|pool\d|fc6",
    "googlenet": r"conv\d|pool\d|inception\d\w",
    "squeezenet": r"conv\d+|pool\d|fire\d",
    "vgg16": r"conv\d_\d|pool\d|conv6",
    "resnet50": r"relu1|pool1|layer\d_\d",
    "resnet50_se": r"relu1|pool1|layer\d_\d",
    "inception_v3": r"Conv2d_\w\w_\dx\d|pool\d|Mixed_\d\w|head_conv\d",
    "mobilenet_v1": r"conv1_relu|conv_pw_\d+_relu",
    "critter_net": r"relu\d|pool\d|features",
}


def endpoints(model: keras.Model) -> dict[str, keras.KerasTensor]:
    """A network's intermediate maps by name, from the image to the head.

    A name is that of the layer that makes the map, so `graph.insert_after(model, {name: ...})`
    and `graph.split(model, name)` know it too. Networks of `backbones.build` give the ends of
    their stages, blocks and convolutions (after the ReLU):

    * ``vgg16``: ``conv1_1`` … ``conv5_3``, ``pool1`` …, ``conv6``;
    * ``resnet50``, ``resnet50_se``: ``relu1``, ``pool1``, ``layer1_0`` … ``layer4_2``
      (stage 1 to 4, block from 0, as torchvision counts);
    * ``inception_v3``: ``Conv2d_1a_3x3`` …, ``Mixed_5b`` … ``Mixed_6e``, ``head_conv1``,
      ``head_conv2``;
    * ``mobilenet_v1``: ``conv1_relu``, ``conv_pw_1_relu`` … ``conv_pw_13_relu``;
    * ``alexnet``: ``conv1`` … ``conv5``, ``pool1``, ``pool2``, ``pool5``, ``fc6``;
    * ``googlenet``: ``conv1`` … ``conv3``, ``inception3a`` … ``inception5b``, ``pool1`` …;
    * ``squeezenet``: ``conv1``, ``fire2`` … ``fire9``, ``conv10``, ``pool1`` ….

    Any other functional model gives every map, batch × height × width × channels. Networks with
    a class activation head, the layer ``head``, end with what it takes and with its
    ``class_maps``, batch × height × width × classes.

    Args:
        model: A functional model, also one that layers were inserted into: the tensors belong
            to its own graph and are those before the inserted layer.

    Returns:
        Symbolic tensors to make models from: `keras.Model(model.input, endpoints(model))`.
    """
    pattern = re.compile(_STAGES.get(model.name, r".*"))
    found = {}
    for node in nodes_in_order(model):
        name = node.operation.name
        if isinstance(node.operation, ClassActivationHead):
            found["class_maps"] = node.outputs[1]
        elif len(node.outputs[0].shape) == 4 and pattern.fullmatch(name):
            found[name] = node.outputs[0]
    return found
