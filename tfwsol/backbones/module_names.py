"""What other programs call the layers of our networks.

Every function takes a model and gives, for the names of its layers with weights, the name of
the module in a file of weights. A layer it does not know is left out.
"""

from __future__ import annotations

import re

import keras

from tfwsol.backbones.vgg16 import LAYERS as VGG16_LAYERS
from tfwsol.graph.flat_graph import is_graph_model, nodes_in_order
from tfwsol.layers import ADL, SqueezeExcite

Names = dict[str, str]


def weighted_layers(model: keras.Model) -> dict[str, keras.Layer]:
    """Every layer with weights of its own, by name; nested ones are found as well."""
    found = {}
    for layer in model.layers:
        if is_graph_model(layer):
            found |= weighted_layers(layer)
        elif isinstance(layer, SqueezeExcite):
            found |= {f"{layer.name}_squeeze": layer.squeeze, f"{layer.name}_excite": layer.excite}
        elif layer.weights:
            found[layer.name] = layer
    return found


def vgg16_torchvision(model: keras.Model) -> Names:
    """``features.<n>`` of the published network, whatever pools and layers this one has."""
    places = {}
    index = 0
    for name in VGG16_LAYERS:
        places[name] = f"features.{index}"
        index += 1 if name.startswith("pool") else 2
    return _present(model, {**places, "conv6": "conv6", "logits": "fc"})


def vgg16_wsolevaluation(model: keras.Model) -> Names:
    """``features.<n>`` of this very network: an ADL counts, a missing pool does not."""
    layers, gated = _layer_names(model), _followed_by_adl(model)
    places = {}
    index = 0
    for name in VGG16_LAYERS:
        if name in layers:
            places[name] = f"features.{index}"
            index += (1 if name.startswith("pool") else 2) + (name in gated)
    return _present(model, {**places, "conv6": "conv6", "logits": "fc"})


def vgg16_tensorpack(model: keras.Model) -> Names:
    """The names of our own layers; published files have no class activation head."""
    return _present(model, {name: name for name in VGG16_LAYERS})


def resnet50_torchvision(model: keras.Model) -> Names:
    """``layer1.0.conv1`` for ``layer1_0_conv1`` and so on; ``se.fc1`` and ``se.fc2`` as in timm."""
    return _resnet50_modules(model, gated=set())


def resnet50_wsolevaluation(model: keras.Model) -> Names:
    """As torchvision's, but an ADL counts as a block of its stage."""
    return _resnet50_modules(model, _followed_by_adl(model))


def resnet50_tensorpack(model: keras.Model) -> Names:
    """``group0/block0/conv1`` and so on; a normalisation is called after its convolution."""
    parts = {"downsample_conv": "convshortcut", "downsample_bn": "convshortcut/bn",
             "se_squeeze": "fc1", "se_excite": "fc2"}  # fmt: skip
    names = {}
    for name in weighted_layers(model):
        block = re.fullmatch(r"layer(\d)_(\d)_(\w+)", name)
        if block:
            part = parts.get(block[3]) or re.sub(r"^bn(\d)$", r"conv\1/bn", block[3])
            names[name] = f"group{int(block[1]) - 1}/block{block[2]}/{part}"
    return names | _present(model, {"conv1": "conv0", "bn1": "conv0/bn", "logits": "linear"})


def inception_v3_torchvision(model: keras.Model) -> Names:
    """``Mixed_5b.branch1x1.conv`` for ``Mixed_5b_branch1x1_conv`` and so on."""
    head = {"head_conv1": "SPG_A3_1b.0", "head_conv2": "SPG_A3_2b.0", "logits": "SPG_A4"}
    names = {}
    for name in weighted_layers(model):
        block = re.fullmatch(r"(Mixed_\d\w(?=_)|Conv2d_\w\w_\dx\d)_?(\w*)_(conv|bn)", name)
        if block:
            names[name] = ".".join(part for part in block.groups() if part)
    return names | _present(model, head)


def alexnet_torchvision(model: keras.Model) -> Names:
    """``features.<n>`` for the convolutions and ``classifier.<n>`` for what follows them."""
    places = {"conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10}
    dense = {"fc6": 1, "fc7": 4, "logits": 6}
    return _present(
        model,
        {name: f"features.{place}" for name, place in places.items()}
        | {name: f"classifier.{place}" for name, place in dense.items()},
    )


def googlenet_torchvision(model: keras.Model) -> Names:
    """``inception3a.branch2.0.conv`` for ``inception3a_branch2_0_conv`` and so on."""
    block = re.compile(r"(conv\d|inception\d\w_branch\d(_\d)?)_(conv|bn)")
    ours = [name for name in weighted_layers(model) if block.fullmatch(name)]
    return {name: name.replace("_", ".") for name in ours} | _present(model, {"logits": "fc"})


def squeezenet_torchvision(model: keras.Model) -> Names:
    """``features.3.squeeze`` for ``fire2_squeeze1x1`` and so on; a pool counts as a fire does."""
    parts = {"squeeze": "squeeze1x1", "expand1x1": "expand1x1", "expand3x3": "expand3x3"}
    stages = [node.operation.name for node in nodes_in_order(model)]
    stages = [name for name in stages if re.fullmatch(r"(pool|fire)\d", name)]
    places = {
        f"{stage}_{ours}": f"features.{index}.{theirs}"
        for index, stage in enumerate(stages, start=2)
        for theirs, ours in parts.items()
    }
    return _present(model, {"conv1": "features.0", **places, "conv10": "classifier.1"})


def _resnet50_modules(model: keras.Model, gated: set[str]) -> Names:
    parts = {"downsample_conv": "downsample.0", "downsample_bn": "downsample.1",
             "se_squeeze": "se.fc1", "se_excite": "se.fc2"}  # fmt: skip
    names = {}
    for name in weighted_layers(model):
        block = re.fullmatch(r"layer(\d)_(\d)_(\w+)", name)
        if block:
            stage, place, part = block[1], int(block[2]), block[3]
            place += sum(f"layer{stage}_{earlier}" in gated for earlier in range(place))
            names[name] = f"layer{stage}.{place}.{parts.get(part, part)}"
    return names | _present(model, {"conv1": "conv1", "bn1": "bn1", "logits": "fc"})


def _followed_by_adl(model: keras.Model) -> set[str]:
    return {
        tensor._keras_history.operation.name
        for node in nodes_in_order(model)
        if isinstance(node.operation, ADL)
        for tensor in node.input_tensors
    }


def _layer_names(model: keras.Model) -> set[str]:
    return {layer.name for layer in model.layers}


def _present(model: keras.Model, names: Names) -> Names:
    weighted = weighted_layers(model)
    return {layer: name for layer, name in names.items() if layer in weighted}
