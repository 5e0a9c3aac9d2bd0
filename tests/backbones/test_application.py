import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.backbones.trained_classifier import ModelError

SMALL = (64, 64, 3)
WITH_PADDING_OF_THEIR_OWN = ["ResNet50V2", "DenseNet121", "EfficientNetB0", "Xception"]


def test_names_of_any_case():
    model = backbones.build("application", network="mobilenet_v2", num_classes=4, input_shape=SMALL)
    assert model.name == "application_mobilenetv2"
    assert model.get_layer("out_relu").output.shape == (None, 2, 2, 1280)
    assert model.output_shape == (None, 4)


def test_the_trunk_alone():
    trunk = backbones.application("VGG16", num_classes=None, output_stride=8, input_shape=SMALL)
    assert trunk.output_shape == (None, 8, 8, 512)


def test_a_file_without_a_head(tmp_path):
    keras.utils.set_random_seed(0)
    options = {"alpha": 0.35, "include_top": False, "input_shape": SMALL}
    model = keras.applications.MobileNetV2(weights=None, **options)
    model.save_weights(tmp_path / "body.weights.h5")
    found = backbones.application(
        "MobileNetV2", None, input_shape=SMALL, weights=tmp_path / "body.weights.h5",
        options=options,
    )  # fmt: skip
    images = np.random.default_rng(0).uniform(-1, 1, (1, *SMALL)).astype("float32")
    np.testing.assert_allclose(found(images), model(images), atol=1e-6)


def test_unknown_networks_and_impossible_strides():
    with pytest.raises(ModelError, match=r"near are \['MobileNet"):
        backbones.application("MobileNot")
    with pytest.raises(ValueError, match="stride of 32 pixels, but not of 64"):
        backbones.application("MobileNet", output_stride=64, input_shape=SMALL)
    with pytest.raises(ValueError, match="nested model"):
        backbones.application("ConvNeXtTiny", output_stride=16, input_shape=SMALL)


@pytest.mark.slow
@pytest.mark.parametrize("stride", [None, 16, 8])
@pytest.mark.parametrize("network", ["ResNet50", "MobileNetV3Small", *WITH_PADDING_OF_THEIR_OWN])
def test_sizes(network, stride):
    model = backbones.application(network, 3, stride, input_shape=(128, 128, 3))
    features = list(backbones.endpoints(model).values())[-2]
    assert features.shape[1:3] == (128 // (stride or 32),) * 2
    images = np.random.default_rng(0).uniform(0, 255, (1, 128, 128, 3)).astype("float32")
    assert np.isfinite(model(images)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "stride", "side"), [("InceptionV3", 16, 6), ("NASNetMobile", 16, 8)]
)
def test_sizes_of_networks_with_branches(network, stride, side):
    model = backbones.application(network, 3, stride, input_shape=(128, 128, 3))
    features = list(backbones.endpoints(model).values())[-2]
    assert features.shape[1:3] == (side, side)
