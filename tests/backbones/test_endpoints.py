import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.graph import insert_after, split
from tfwsol.layers import ADL

SMALL = (48, 48, 3)


def test_vgg16():
    found = list(backbones.endpoints(backbones.vgg16(3, input_shape=SMALL)))
    assert found[:4] == ["conv1_1", "conv1_2", "pool1", "conv2_1"]
    assert found[-4:] == ["conv5_2", "conv5_3", "conv6", "class_maps"]
    assert len(found) == 13 + 4 + 2


def test_resnet50():
    found = list(backbones.endpoints(backbones.resnet50(3, input_shape=SMALL)))
    blocks = [f"layer{s + 1}_{b}" for s, n in enumerate((3, 4, 6, 3)) for b in range(n)]
    assert found == ["relu1", "pool1", *blocks, "class_maps"]


def test_inception_v3():
    found = list(backbones.endpoints(backbones.inception_v3(3, input_shape=(64, 64, 3))))
    mixed = [f"Mixed_{m}" for m in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e")]
    assert [name for name in found if name.startswith("Mixed")] == mixed
    assert found[:2] == ["Conv2d_1a_3x3", "Conv2d_2a_3x3"]
    assert found[-3:] == ["head_conv1", "head_conv2", "class_maps"]


def test_mobilenet_v1():
    found = list(backbones.endpoints(backbones.mobilenet_v1(3, input_shape=SMALL, alpha=0.25)))
    assert found == ["conv1_relu", *(f"conv_pw_{n}_relu" for n in range(1, 14)), "class_maps"]


def test_critter_net():
    found = list(backbones.endpoints(backbones.critter_net()))
    assert found == ["relu1", "pool1", "relu2", "pool2", "relu3", "features"]


def test_alexnet():
    found = list(backbones.endpoints(backbones.alexnet(3, (64, 64, 3), width=0.1)))
    first = ["conv1", "pool1", "conv2", "pool2"]
    assert found == [*first, "conv3", "conv4", "conv5", "pool5", "fc6"]


def test_googlenet():
    found = list(backbones.endpoints(backbones.googlenet(3, input_shape=SMALL)))
    assert found[:5] == ["conv1", "pool1", "conv2", "conv3", "pool2"]
    blocks = [f"inception{b}" for b in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")]
    assert found[5:] == [*blocks[:2], "pool3", *blocks[2:7], "pool4", *blocks[7:], "class_maps"]


@pytest.mark.parametrize(("version", "pools"), [("1.0", (4, 8)), ("1.1", (3, 5))])
def test_squeezenet(version, pools):
    found = list(backbones.endpoints(backbones.squeezenet(3, version, SMALL)))
    fires = [n for f in range(2, 10) for n in (f"fire{f}", f"pool{f}") if n[0] == "f" or f in pools]
    assert found == ["conv1", "pool1", *fires, "conv10"]


def test_another_model_gives_every_map():
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="a")(image)
    x = keras.layers.ReLU(name="b")(x)
    x = keras.layers.GlobalAveragePooling2D(name="c")(x)
    found = backbones.endpoints(keras.Model(image, x))
    assert {name: tensor.shape for name, tensor in found.items()} == {
        "a": (None, 6, 6, 4),
        "b": (None, 6, 6, 4),
    }


@pytest.mark.parametrize("name", ["pool3", "conv4_3"])
def test_a_model_with_inserted_layers_gives_tensors_of_its_own_graph(name):
    model = insert_after(backbones.vgg16(3, input_shape=SMALL), {"pool3": ADL})
    images = np.random.default_rng(0).normal(size=(1, *SMALL)).astype("float32")
    found = keras.Model(model.input, backbones.endpoints(model)[name])(images)
    np.testing.assert_allclose(found, split(model, name)[0](images), rtol=1e-6)


def test_a_saved_model_keeps_its_endpoints(tmp_path):
    model = backbones.mobilenet_v1(3, input_shape=SMALL, alpha=0.25)
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    assert list(backbones.endpoints(loaded)) == list(backbones.endpoints(model))
