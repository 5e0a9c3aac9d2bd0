import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.graph import insert_after
from tfwsol.layers import ADL

SMALL = (64, 64, 3)


@pytest.fixture(scope="module")
def vgg16():
    return backbones.vgg16(3, large_feature_map=True, input_shape=SMALL)


@pytest.fixture(scope="module")
def resnet50_se():
    return backbones.resnet50_se(3, input_shape=SMALL)


def named(model, source):
    return {weight.name: weight for weight in backbones.file_weights(model, source)}


def path(weight):
    return weight.variable.path


def test_vgg16_of_torchvision_whatever_was_changed(vgg16):
    indices = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    modules = [*(f"features.{index}" for index in indices), "conv6", "fc"]
    expected = [f"{module}.{kind}" for module in modules for kind in ("weight", "bias")]
    gated = insert_after(vgg16, {"pool3": ADL, "conv4_3": ADL})
    assert list(named(vgg16, "torchvision")) == list(named(gated, "torchvision")) == expected
    assert named(gated, "wsolevaluation")["features.25.weight"].variable.path == "conv5_1/kernel"


def test_vgg16_of_tensorpack(vgg16):
    found = named(vgg16, "tensorpack")
    assert path(found["conv4_3/W"]) == "conv4_3/kernel"
    assert path(found["conv1_1/b"]) == "conv1_1/bias"
    assert len(found) == 2 * 13
    kernel = np.zeros((3, 3, 256, 512))
    assert found["conv4_1/W"].to_keras(kernel).shape == kernel.shape


def test_resnet50_se_of_timm(resnet50_se):
    found = named(resnet50_se, "timm")
    expected = {
        "conv1.weight": "conv1/kernel",
        "bn1.running_var": "bn1/moving_variance",
        "layer1.0.downsample.0.weight": "layer1_0_downsample_conv/kernel",
        "layer1.0.downsample.1.bias": "layer1_0_downsample_bn/beta",
        "layer3.5.bn2.weight": "layer3_5_bn2/gamma",
        "layer3.5.bn2.running_mean": "layer3_5_bn2/moving_mean",
        "layer4.2.conv3.weight": "layer4_2_conv3/kernel",
        "fc.bias": "logits/bias",
    }
    assert {name: path(found[name]) for name in expected} == expected
    squeeze = resnet50_se.get_layer("layer2_1_se")
    assert found["layer2.1.se.fc1.weight"].variable is squeeze.squeeze.kernel
    assert found["layer2.1.se.fc2.bias"].variable is squeeze.excite.bias
    assert {id(weight.variable) for weight in found.values()} == {
        id(weight) for weight in resnet50_se.weights
    }


def test_resnet50_se_of_tensorpack(resnet50_se):
    found = named(resnet50_se, "tensorpack")
    expected = {
        "conv0/W": "conv1/kernel",
        "conv0/bn/gamma": "bn1/gamma",
        "group0/block0/convshortcut/W": "layer1_0_downsample_conv/kernel",
        "group0/block0/convshortcut/bn/beta": "layer1_0_downsample_bn/beta",
        "group2/block5/conv2/bn/mean/EMA": "layer3_5_bn2/moving_mean",
        "group3/block2/conv3/bn/variance/EMA": "layer4_2_bn3/moving_variance",
        "linear/W": "logits/kernel",
    }
    assert {name: path(found[name]) for name in expected} == expected
    squeeze = resnet50_se.get_layer("layer2_1_se").squeeze
    assert found["group1/block1/fc1/W"].variable is squeeze.kernel
    assert len(found) == len(resnet50_se.weights)


def test_resnet50_of_torchvision_does_not_count_inserted_layers():
    model = backbones.resnet50(3, input_shape=SMALL)
    gated = insert_after(model, {"layer3_0": ADL})
    assert path(named(gated, "torchvision")["layer3.1.conv1.weight"]) == "layer3_1_conv1/kernel"
    assert path(named(gated, "wsolevaluation")["layer3.2.conv1.weight"]) == "layer3_1_conv1/kernel"
    assert path(named(gated, "wsolevaluation")["layer4.1.conv1.weight"]) == "layer4_1_conv1/kernel"


def test_layouts(resnet50_se):
    found = named(resnet50_se, "timm")
    draws = np.random.default_rng(0)
    stem = draws.normal(size=(64, 3, 7, 7))
    converted = found["conv1.weight"].to_keras(stem)
    assert converted[2, 5, 1, 40] == stem[40, 1, 2, 5]
    dense = draws.normal(size=(3, 2048))
    assert found["fc.weight"].to_keras(dense)[7, 2] == dense[2, 7]
    # timm's squeeze and excitation are 1 × 1 convolutions.
    squeeze = draws.normal(size=(16, 256, 1, 1))
    assert found["layer1.0.se.fc1.weight"].to_keras(squeeze)[9, 4] == squeeze[4, 9, 0, 0]
    pointwise = draws.normal(size=(64, 64))
    converted = found["layer1.0.conv1.weight"].to_keras(pointwise)
    assert converted[0, 0, 3, 5] == pointwise[5, 3]


@pytest.mark.parametrize("shape", [(64, 3, 3, 3), (3, 64), (64,), (7, 7, 3, 64)])
def test_a_shape_that_does_not_fit_is_named(resnet50_se, shape):
    message = r"'conv1.weight' has shape \(.*'conv1/kernel' of shape \(7, 7, 3, 64\)"
    with pytest.raises(ValueError, match=message):
        named(resnet50_se, "timm")["conv1.weight"].to_keras(np.zeros(shape))


def test_the_head_is_marked(vgg16):
    heads = [w.name for w in backbones.file_weights(vgg16, "torchvision") if w.is_head]
    assert heads == ["conv6.weight", "conv6.bias", "fc.weight", "fc.bias"]
    trunk = backbones.inception_v3(None, input_shape=SMALL)
    assert not any(weight.is_head for weight in backbones.file_weights(trunk))


def test_a_reloaded_model_is_known(vgg16, tmp_path):
    model = insert_after(vgg16, {"pool3": ADL})
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    for source in backbones.weight_sources(model):
        assert list(named(loaded, source)) == list(named(model, source))


def test_unknown_sources(vgg16):
    assert backbones.weight_sources("vgg16") == ("torchvision", "wsolevaluation", "tensorpack")
    assert backbones.weight_sources("critter_net") == ()
    with pytest.raises(ValueError, match=r"'timm'.*'vgg16'; known are \['torchvision'"):
        backbones.file_weights(vgg16, "timm")
    with pytest.raises(ValueError, match=r"for network 'critter_net'; known are \{'vgg16'"):
        backbones.file_weights(backbones.critter_net())


def test_a_dense_kernel_fits_a_convolution_of_the_whole_map():
    model = backbones.alexnet(3, (64, 64, 3), width=0.02)
    weight = named(model, "torchvision")["classifier.1.weight"]
    height, width, channels, units = weight.variable.shape
    assert (height, width) == (6, 6)
    dense = np.random.default_rng(0).normal(size=(units, 36 * channels))
    found = weight.to_keras(dense)
    # PyTorch flattens channels first: channel 4, row 2, column 5.
    assert found[2, 5, 4, 7] == dense[7, 4 * 36 + 2 * 6 + 5]
    with pytest.raises(ValueError, match="does not fit"):
        weight.to_keras(dense[:, :-1])
