import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.backbones.trained_classifier import ModelError

CONVOLUTIONS, ADDED = 14_714_688, 4_719_616


@pytest.fixture(scope="module")
def model():
    return backbones.build("vgg16", num_classes=7)


def test_the_weights_are_those_of_the_specification(model):
    assert model.count_params() == CONVOLUTIONS + ADDED + 1025 * 7
    assert backbones.vgg16(None).count_params() == CONVOLUTIONS


@pytest.mark.parametrize(("large", "side"), [(False, 14), (True, 28)])
def test_the_size_of_the_last_map(large, side):
    model = backbones.vgg16(7, large_feature_map=large)
    assert model.get_layer("conv6").output.shape == (None, side, side, 1024)
    assert model.output_shape == (None, 7)


def test_no_fifth_pool_and_a_relu_after_every_convolution(model):
    names = [layer.name for layer in model.layers]
    assert "pool4" in names
    assert "pool5" not in names
    images = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype("float32")
    small = backbones.vgg16(7, input_shape=(32, 32, 3))
    maps = {k: v for k, v in backbones.endpoints(small).items() if k != "class_maps"}
    maps = keras.Model(small.input, maps)(images)
    assert all((np.asarray(m) >= 0).all() and (np.asarray(m) == 0).any() for m in maps.values())


def test_initial_weights_have_the_published_deviation(model):
    for name, filters in (("conv1_2", 64), ("conv5_3", 512), ("conv6", 1024)):
        kernel = np.asarray(model.get_layer(name).kernel)
        assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * filters)), rel=0.02)
    assert np.asarray(model.get_layer("head").class_weights).std() == pytest.approx(0.01, rel=0.1)
    first, second = (np.asarray(model.get_layer(f"conv5_{n}").kernel) for n in (1, 2))
    assert (first != second).mean() > 0.99


def test_keras_weights_fit(tmp_path):
    options = {"include_top": False, "weights": None, "input_shape": (32, 32, 3)}
    body = keras.applications.VGG16(**options)
    body.save_weights(tmp_path / "body.weights.h5")
    images = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype("float32")
    model = backbones.vgg16(None, input_shape=(32, 32, 3), weights=tmp_path / "body.weights.h5")
    unpooled = keras.Model(body.input, body.get_layer("block5_conv3").output)
    np.testing.assert_allclose(model(images), unpooled(images), rtol=1e-5, atol=1e-9)
    with pytest.raises(ModelError, match="no weights file"):
        backbones.vgg16(None, input_shape=(32, 32, 3), weights=tmp_path / "other.weights.h5")


@pytest.mark.parametrize("sizes", [(2, 2, 2), (2, 2, 2, 4), (2, 2, 2, 2, 2), (3,) * 6])
def test_impossible_pools_are_refused(sizes):
    with pytest.raises(ValueError, match="four pools of 2 or 3 cells"):
        backbones.vgg16(7, pool_sizes=sizes)


def test_a_model_without_classes_is_refused():
    with pytest.raises(ValueError, match="num_classes"):
        backbones.vgg16(0, input_shape=(32, 32, 3))
