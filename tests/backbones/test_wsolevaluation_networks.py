"""The outputs of wsolevaluation's own networks, recorded with weights made from their names."""

import keras
import numpy as np
import pytest
from keras import layers

import adl_networks
from adl_networks import WORST, array_for
from tfwsol import backbones
from tfwsol.graph import insert_after
from tfwsol.layers import ADL

PLACES = {
    "vgg16": ("pool3", "conv4_3", "conv5_3"),
    "resnet50": ("layer3_0", "layer4_0", "layer4_2"),
    "inception_v3": ("Mixed_5d", "Mixed_6e", "head_conv2"),
}
DRAWS = {
    "train_imp_logits": (0.0, 0.0, 0.0),
    "train_drop_logits": (0.99, 0.99, 0.99),
    "train_mix_logits": (0.99, 0.0, 0.99),
}
RECORDED = [
    *(f"{network}_adl_{large}" for network in PLACES for large in (0, 1)),
    "vgg16_cam_0",
    "resnet50_cam_1",
    "inception_v3_cam_0",
]
UNRECORDED = ["vgg16_cam_1", "resnet50_cam_0", "inception_v3_cam_1"]


class DrawnADL(ADL):
    """An ADL that trains with the draw it holds, whatever the rest of the model does."""

    fixed_draw = None

    def call(self, inputs, training=None):
        return super().call(inputs, training=self.fixed_draw is not None, draw=self.fixed_draw)


@pytest.fixture(scope="module")
def recorded():
    return adl_networks.recorded()


@pytest.fixture(scope="module")
def facts():
    return adl_networks.facts()


@pytest.fixture(scope="module")
def images(recorded):
    return adl_networks.images_for(recorded)


def shapes_of(fact):
    return {name: tuple(shape) for name, shape in fact["trainable"] if "num_batches" not in name}


def built(network, fact, **options):
    """The network with its ADLs in place, and the ADLs."""
    architecture, method, large = network.rsplit("_", 2)
    if architecture == "inception_v3" and method == "adl":
        options["dropout_rate"] = 0
    model = backbones.build(
        architecture, num_classes=fact["num_classes"], large_feature_map=large == "1", **options
    )
    gates = [DrawnADL(0.75, 0.9, name=f"adl{place}") for place in range(3)]
    if method == "adl":
        model = insert_after(model, dict(zip(PLACES[architecture], gates, strict=True)))
    return model, gates


def check_weights(model, fact):
    """The recorded names, each once, with shapes that fit; all variables; their number."""
    shapes = shapes_of(fact)
    weights = backbones.file_weights(model, "wsolevaluation")
    assert sorted(weight.name for weight in weights) == sorted(shapes)
    assert {id(weight.variable) for weight in weights} == {id(v) for v in model.weights}
    for weight in weights:
        weight.to_keras(np.broadcast_to(np.float32(0), shapes[weight.name]))
    assert sum(np.prod(v.shape) for v in model.trainable_variables) == fact["params"]


def features_of(model):
    return list(backbones.endpoints(model).values())[-2]


def relative_error(found, wanted):
    return np.abs(np.asarray(found) - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize("network", RECORDED)
def test_outputs(network, recorded, facts, images):
    model, gates = built(network, facts[network], input_shape=(None, None, 3))
    check_weights(model, facts[network])
    shapes, seed = shapes_of(facts[network]), int(recorded["seed"])
    for weight in backbones.file_weights(model, "wsolevaluation"):
        array = array_for(weight.name, shapes[weight.name], seed)
        weight.variable.assign(weight.to_keras(array))

    maps = [features_of(model), backbones.endpoints(model)["class_maps"]]
    inside = keras.Model(model.input, [model.output, *maps])
    logits, features, class_maps = inside(images, training=False)
    assert relative_error(logits, recorded[f"{network}__logits"]) < WORST
    head, labels = model.get_layer("head"), recorded["labels"]
    if network.startswith("inception"):
        cams = np.stack([np.asarray(class_maps)[n, ..., c] for n, c in enumerate(labels)])
    else:
        weights = keras.ops.convert_to_numpy(head.class_weights)[:, labels]
        cams = np.einsum("nhwc,cn->nhw", np.asarray(features), weights) / len(weights)
    assert relative_error(cams, recorded[f"{network}__cam"]) < WORST

    for key, draws in DRAWS.items() if "_adl_" in network else ():
        for gate, draw in zip(gates, draws, strict=True):
            gate.fixed_draw = draw
        logits = model(images, training=False)
        assert relative_error(logits, recorded[f"{network}__{key}"]) < WORST, key


@pytest.mark.parametrize("network", UNRECORDED)
def test_networks_of_another_size(network, facts):
    fact = facts[network]
    size = 16 * fact["cam_shape"][1] // (1 + int(network[-1]))
    model, _ = built(network, fact, input_shape=(size, size, 3))
    check_weights(model, fact)
    assert list(features_of(model).shape[1:3]) == fact["cam_shape"][1:]


TRUNKS = {
    "vgg16_acol_0": ((3, 3, 3, 3, 3), {}, ["classifier_A.0", "classifier_A.2", "classifier_A.4"]),
    "vgg16_spg_0": (
        (2, 2, 2, 3),
        {f"features.{n}": f"SPG_A_1.{m}" for n, m in ((17, 0), (19, 2), (21, 4))}
        | {f"features.{n}": f"SPG_A_2.{m}" for n, m in ((24, 0), (26, 2), (28, 4))},
        ["SPG_A_3.0", "SPG_A_3.2", "SPG_A_4"],
    ),
}


@pytest.mark.parametrize("network", TRUNKS)
def test_trunks_of_other_methods(network, recorded, facts, images):
    pool_sizes, renamed, head = TRUNKS[network]
    shapes, seed = shapes_of(facts[network]), int(recorded["seed"])

    def array(name):
        return array_for(name, shapes[name], seed)

    trunk = backbones.build(
        "vgg16", num_classes=None, input_shape=(None, None, 3), pool_sizes=pool_sizes
    )
    for weight in backbones.file_weights(trunk, "wsolevaluation"):
        module, kind = weight.name.rsplit(".", 1)
        weight.variable.assign(weight.to_keras(array(f"{renamed.get(module, module)}.{kind}")))
    x = trunk(images)
    if "acol" in network:
        x = layers.AveragePooling2D(3, 1)(layers.ZeroPadding2D(1)(x))
    for name in head:
        x = keras.ops.conv(x, array(f"{name}.weight").transpose(2, 3, 1, 0), padding="same")
        x = x + array(f"{name}.bias")
        x = x if name == head[-1] else keras.ops.relu(x)
    logits = keras.ops.mean(x, axis=(1, 2))
    assert relative_error(logits, recorded[f"{network}__logits"]) < WORST


def test_the_large_map_with_five_pools(facts):
    side = facts["vgg16_acol_1"]["cam_shape"][1]
    shape = (8 * side, 8 * side, 3)
    sizes = (3, 3, 3, 3, 3)
    trunk = backbones.vgg16(None, large_feature_map=True, input_shape=shape, pool_sizes=sizes)
    assert trunk.output_shape == (None, side, side, 512)
