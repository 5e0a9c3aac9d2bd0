import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.backbones.trained_classifier import ModelError


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNet(alpha=0.25, weights=None)
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    model.save_weights(path)
    return model, path


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(-1, 1, (2, 96, 64, 3)).astype("float32")


def test_keras_weights_fit(classifier, images):
    keras_model, path = classifier
    trunk = backbones.build(
        "mobilenet_v1",
        num_classes=None,
        output_stride=32,
        input_shape=(None, None, 3),
        alpha=0.25,
        weights=path,
    )
    body = keras.applications.MobileNet(
        alpha=0.25, weights=None, include_top=False, input_shape=(96, 64, 3)
    )
    for layer in body.layers[1:]:
        layer.set_weights(keras_model.get_layer(layer.name).get_weights())
    np.testing.assert_allclose(trunk(images), body(images), rtol=1e-5, atol=1e-6)


def test_output_stride_sixteen_keeps_what_comes_before(classifier, images):
    _, path = classifier
    maps = {}
    for stride in (32, 16):
        model = backbones.mobilenet_v1(3, stride, (None, None, 3), alpha=0.25, weights=path)
        assert model.name == "mobilenet_v1"
        found = {**backbones.endpoints(model), "dw": model.get_layer("conv_dw_12").output}
        maps[stride] = keras.Model(model.input, found)(images)
    np.testing.assert_array_equal(maps[16]["conv_pw_11_relu"], maps[32]["conv_pw_11_relu"])
    assert maps[16]["conv_pw_13_relu"].shape == (2, 6, 4, 256)
    # Keras' border lies behind the image: old cell i is new cell 2 i + 1.
    np.testing.assert_allclose(maps[16]["dw"][:, 1::2, 1::2], maps[32]["dw"], atol=1e-6)


@pytest.mark.parametrize(("stride", "side"), [(32, 7), (16, 14), (8, 28)])
def test_sizes(stride, side):
    model = backbones.mobilenet_v1(5, stride, alpha=0.25)
    assert model.get_layer("conv_pw_13_relu").output.shape == (None, side, side, 256)
    assert model.output_shape == (None, 5)


def test_weights_of_another_width_are_refused(classifier):
    with pytest.raises(ModelError, match="do not fit MobileNet"):
        backbones.mobilenet_v1(5, alpha=0.5, weights=classifier[1])
    with pytest.raises(ModelError, match="no weights file"):
        backbones.mobilenet_v1(5, weights="nowhere.weights.h5")
