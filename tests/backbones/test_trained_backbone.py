"""Our own networks by name, with weights of Keras and of other programs."""

import keras
import numpy as np
import pytest

from tfwsol import backbones, checkpoints
from tfwsol.backbones.model_error import ModelError
from tfwsol.backbones.trained_backbone import choosable, find_backbone
from tfwsol.backbones.trained_classifier import load_classifier

OPTIONS = {"num_classes": 6, "version": 1.1, "input_shape": (40, 48, 3)}
SQUARE = 40


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return backbones.squeezenet(**OPTIONS)


@pytest.fixture(scope="module")
def keras_file(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "six.weights.h5"
    network.save_weights(path)
    return str(path)


@pytest.fixture(scope="module")
def other_file(network, tmp_path_factory):
    """The tensors under torchvision's names, in PyTorch's layout."""
    tensors = {}
    for weight in backbones.file_weights(network):
        array = np.asarray(weight.variable)
        tensors[weight.name] = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
    path = tmp_path_factory.mktemp("weights") / "six.npz"
    np.savez(path, **tensors)
    return str(path)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).uniform(0, 255, (2, 40, 48, 3)).astype("float32")


def test_names():
    assert {"alexnet", "googlenet", "squeezenet", "tfwsol:vgg16"} <= set(choosable())
    assert find_backbone("SqueezeNet") == "squeezenet"
    assert find_backbone("ResNet50-SE") == "resnet50_se"
    assert find_backbone("tfwsol:VGG16") == "vgg16"
    assert find_backbone("tfwsol:alexnet") == "alexnet"
    # These are Keras' networks, and what load_classifier always took them for.
    assert find_backbone("VGG16") is None
    assert find_backbone("resnet50") is None
    assert find_backbone("application") is None


def test_all_weights_of_a_keras_file(network, keras_file, pictures):
    found = load_classifier("SqueezeNet", keras_file, options=OPTIONS)
    np.testing.assert_array_equal(found.model(pictures), network(pictures))
    assert found.image_size == (40, 48)
    assert found.preprocess_name == "caffe"
    assert found.class_names is None
    scaled = found.preprocess(np.broadcast_to(np.float32([10, 20, 30]), (1, 2, 2, 3)))
    np.testing.assert_allclose(scaled[0, 1, 1], [30 - 103.939, 20 - 116.779, 10 - 123.68])


def test_image_size_is_that_of_the_network(keras_file):
    options = {"num_classes": 6, "version": "1.1"}
    found = load_classifier("squeezenet", keras_file, image_size=(64, 50), options=options)
    assert found.model.input_shape == (None, 64, 50, 3)
    assert load_classifier("squeezenet", keras_file, options=options).image_size == (224, 224)


def test_tensors_of_other_programs(network, other_file, pictures):
    found = load_classifier("squeezenet", other_file, options=OPTIONS, convert=checkpoints.convert)
    np.testing.assert_allclose(found.model(pictures), network(pictures), rtol=1e-6)
    assert found.preprocess_name == "torch"
    with pytest.raises(ModelError, match="no file of Keras"):
        load_classifier("squeezenet", other_file, options=OPTIONS)


def test_channels_turned_round_where_the_weights_want_it(monkeypatch, keras_file):
    monkeypatch.setattr(
        "tfwsol.backbones.trained_classifier.usual_scaling", lambda *_: "torch, BGR"
    )
    turned = load_classifier("squeezenet", keras_file, options=OPTIONS)
    plain = load_classifier("squeezenet", keras_file, "torch", options=OPTIONS)
    colour = np.float32([10, 20, 30])[None, None, None]
    np.testing.assert_array_equal(turned.preprocess(colour), plain.preprocess(colour)[..., ::-1])


def test_imagenet_names_for_a_thousand_classes(tmp_path):
    backbones.squeezenet(version="1.1", input_shape=(40, 40, 3)).save_weights(
        tmp_path / "a.weights.h5"
    )
    found = load_classifier("squeezenet", str(tmp_path / "a.weights.h5"), options={"version": 1.1})
    assert found.class_names[1] == "goldfish"


@pytest.mark.parametrize(
    ("model", "weights", "options", "words"),
    [
        ("squeezenet", "imagenet", {}, "No ImageNet weights come with squeezenet"),
        ("squeezenet", "no.h5", {}, "no weights file"),
        ("squeezenet", None, {**OPTIONS, "num_classes": 7}, "do not fit squeezenet"),
        ("squeezenet", None, {"alpha": 0.5}, "cannot be built with {'alpha': 0.5}"),
        ("squeezent", None, {}, r"keras.applications or tfwsol; near are \['squeezenet'"),
    ],
)
def test_what_cannot_be_had(keras_file, model, weights, options, words):
    with pytest.raises(ModelError, match=words):
        load_classifier(model, weights or keras_file, options=options)
