"""Whole networks of wsolevaluation, its losses, and the maps it makes, through `build`."""

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import adl_networks
from adl_networks import WORST, array_for
from tfwsol import backbones
from tfwsol.checkpoints import CheckpointError
from tfwsol.layers import ADL
from tfwsol.methods import ACoLLocalizer, SPGLocalizer, build
from tfwsol.methods.networks.published_names import published_weights

QUICK = ("vgg16_acol_0", "vgg16_spg_0", "vgg16_adl_1")
NETWORKS = [
    *("vgg16_acol_0", "resnet50_acol_1", "inception_v3_acol_1"),
    *("vgg16_spg_0", "resnet50_spg_1", "inception_v3_spg_0"),
    *("resnet50_cam_1", "inception_v3_cam_0", "vgg16_adl_1", "inception_v3_adl_0"),
]
UNRECORDED = [
    *("vgg16_acol_1", "resnet50_acol_0", "inception_v3_acol_0"),
    *("vgg16_spg_1", "resnet50_spg_0", "inception_v3_spg_1"),
]


@pytest.fixture(scope="module")
def recorded():
    return adl_networks.recorded()


@pytest.fixture(scope="module")
def baselines():
    return adl_networks.recorded("baselines")


@pytest.fixture(scope="module")
def facts():
    return adl_networks.facts()


@pytest.fixture(scope="module")
def images(recorded):
    return adl_networks.images_for(recorded)


def built(network, fact, **options):
    architecture, method, large = network.rsplit("_", 2)
    if method == "adl":
        options |= {"positions": "wsolevaluation", "drop_threshold": 0.9}
    return build(
        method, architecture, fact["num_classes"], large_feature_map=large == "1", **options
    )


def weights_of(model, network):
    """Every weight of a localizer under its recorded name."""
    if "_acol_" in network or "_spg_" in network:
        return published_weights(model)
    return backbones.file_weights(model.network, "wsolevaluation")


def check_names(model, network, fact):
    """The recorded names, each once, with shapes that fit, for all variables."""
    shapes, weights = shapes_of(fact), weights_of(model, network)
    assert sorted(weight.name for weight in weights) == sorted(shapes)
    assert {id(weight.variable) for weight in weights} == {id(v) for v in model.weights}
    for weight in weights:
        weight.to_keras(np.broadcast_to(np.float32(0), shapes[weight.name]))


def shapes_of(fact):
    return {name: tuple(shape) for name, shape in fact["trainable"] if "num_batches" not in name}


def filled(network, fact, seed):
    model = built(network, fact, input_shape=(None, None, 3))
    check_names(model, network, fact)
    shapes = shapes_of(fact)
    for weight in weights_of(model, network):
        array = array_for(weight.name, shapes[weight.name], seed)
        weight.variable.assign(weight.to_keras(array))
    return model


def relative_error(found, wanted):
    found = np.asarray(found)
    assert found.shape == wanted.shape
    return np.abs(found - wanted).max() / np.abs(wanted).max()


def first(array):
    """Channels first, as recorded."""
    return np.asarray(array).transpose(0, 3, 1, 2)


@pytest.mark.parametrize(
    "network", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NETWORKS]
)
def test_networks(network, recorded, facts, images):
    model = filled(network, facts[network], int(recorded["seed"]))
    labels = recorded["labels"]
    wanted = {
        key.removeprefix(f"{network}__"): array
        for key, array in recorded.items()
        if key.startswith(f"{network}__") and "train_" not in key
    }
    result = model.localize(images, labels)
    found = {"logits": result.scores, "cam": np.asarray(result.maps)[:, 0]}
    outputs = model.network(images, training=False)
    if "_acol_" in network:
        erased = model.erase(outputs["features"], outputs["class_maps"], labels)
        found["logit_b"], maps = model.second(erased)
        found |= {"feat_map_a": first(outputs["class_maps"]), "feat_map_b": first(maps)}
    if "_spg_" in network:
        found |= {f"logits_{name}": first(outputs[name]) for name in ("b1", "b2", "c")}
    if ("_cam_" in network or "_adl_" in network) and "inception" not in network:
        # Recorded is the mean over the channels, without the bias of the class.
        classifier = model.network.get_layer("head").classifier
        bias = np.asarray(classifier.bias)[labels][:, None, None]
        found["cam"] = (found["cam"] - bias) / classifier.kernel.shape[0]
    assert sorted(found) == sorted(wanted)
    for name, array in found.items():
        assert relative_error(array, wanted[name]) < WORST, name
    smaller = model.inference_model().localize(images, labels)
    assert relative_error(smaller.maps, np.asarray(result.maps)) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("network", UNRECORDED)
def test_networks_of_another_size(network, facts):
    fact = facts[network]
    size = 16 * fact["cam_shape"][1] // (1 + int(network[-1]))
    model = built(network, fact, input_shape=(size, size, 3))
    assert list(model.network.output["class_maps"].shape[1:3]) == fact["cam_shape"][1:]
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == fact["params"]
    check_names(model, network, fact)


@pytest.mark.parametrize("network", ["vgg16_acol_0", "vgg16_spg_0"])
def test_a_checkpoint_of_the_whole_method(network, recorded, facts, images, tmp_path):
    """As that program's checkpoints hold it: all branches, by the names of its modules."""
    fact, seed = facts[network], int(recorded["seed"])
    _, method, _ = network.split("_")
    shapes = shapes_of(fact).items()
    arrays = {f"module.{name}": array_for(name, shape, seed) for name, shape in shapes}
    save_file(arrays, tmp_path / "last.safetensors")
    options = {"weights": tmp_path / "last.safetensors", "input_shape": (None, None, 3)}
    model = build(method, "vgg16", fact["num_classes"], **options)
    result = model.localize(images, recorded["labels"])
    assert relative_error(result.scores, recorded[f"{network}__logits"]) < WORST
    assert relative_error(np.asarray(result.maps)[:, 0], recorded[f"{network}__cam"]) < WORST
    if method == "acol":
        other = build(method, "vgg16", fact["num_classes"] + 1, **options)
        kernels = [m.second.get_layer("acol_b_conv1").kernel for m in (model, other)]
        np.testing.assert_array_equal(*kernels)
        del arrays["module.classifier_B.2.bias"]
        save_file(arrays, tmp_path / "last.safetensors")
        with pytest.raises(CheckpointError, match=r"last.safetensors: .*'classifier_B.2.bias' for"):
            build(method, "vgg16", fact["num_classes"], **options)


def test_the_guidance_loss(baselines):
    names = {"b1": "spg_b1", "b2": "spg_b2", "c": "spg_c", "class_maps": "spg_featmap"}
    count = len(baselines["spg_labels"])
    arrays = {name: np.moveaxis(baselines[key], 1, -1) for name, key in names.items()}
    arrays["logits"] = baselines["spg_logits"]
    network = by_row(arrays)
    model = SPGLocalizer(network, baselines["spg_thresholds"].tolist())
    images = np.eye(count, dtype="float32")[:, None, None]
    loss, logits = model.training_loss(images, baselines["spg_labels"])
    assert float(loss) == pytest.approx(float(baselines["spg_loss"]), rel=1e-5)
    assert np.allclose(logits, baselines["spg_logits"], atol=1e-6)


def by_row(arrays):
    """A network whose n-th one-hot image gives the n-th row of each array."""
    count = len(arrays["logits"])
    image = keras.Input((1, 1, count), name="image")
    row, outputs, layers = keras.layers.Flatten()(image), {}, {}
    for name, array in arrays.items():
        size = int(np.prod(array.shape[1:]))
        layers[name] = keras.layers.Dense(size, use_bias=False, name=f"fixed_{name}")
        outputs[name] = keras.layers.Reshape(array.shape[1:])(layers[name](row))
    network = keras.Model(image, outputs, name="fixed")
    for name, array in arrays.items():
        layers[name].kernel.assign(array.reshape(count, -1))
    return network


def test_the_sum_of_both_branches(baselines):
    features, maps = (
        np.moveaxis(baselines[key], 1, -1) for key in ("acol_feature", "acol_featmap")
    )
    logits, labels = baselines["acol_logits"], baselines["acol_labels"]
    network = by_row({"logits": logits, "class_maps": maps, "features": features})
    second = RecordedBranch(baselines["acol_logit_b"])
    model = ACoLLocalizer(network, second, float(baselines["acol_threshold"]))
    images = np.eye(len(labels), dtype="float32")[:, None, None]
    loss, _ = model.training_loss(images, labels)
    assert float(loss) == pytest.approx(float(baselines["acol_loss"]), rel=1e-5)
    assert np.allclose(second.seen, np.moveaxis(baselines["acol_erased"], 1, -1), atol=1e-6)


class RecordedBranch(keras.Model):
    """A second branch with recorded logits, which keeps what it was shown."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits
        self.seen = None

    def call(self, features, training=None):
        self.seen = features
        return keras.ops.convert_to_tensor(self.logits), None


def test_adl_stands_where_the_programs_have_it(facts):
    model = built("vgg16_adl_1", facts["vgg16_adl_1"], input_shape=(32, 32, 3))
    gates = [layer for layer in model.network.layers if isinstance(layer, ADL)]
    assert [gate.name for gate in gates] == ["adl_pool3", "adl_conv4_3", "adl_conv5_3"]
    assert {(gate.drop_rate, gate.drop_threshold) for gate in gates} == {(0.75, 0.9)}
