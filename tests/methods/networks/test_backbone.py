import keras
import pytest

from tfwsol import backbones
from tfwsol.methods import build
from tfwsol.methods.networks.backbone import network_of


def test_named_networks():
    trunk = network_of("vgg16", None, input_shape=(32, 32, 3), large_feature_map=True)
    assert trunk.output_shape == (None, 4, 4, 512)
    assert network_of("critter_net", None, input_shape=(32, 32, 3)).name == "critter_net"
    network = network_of("application", 5, network="MobileNet", input_shape=(32, 32, 3))
    assert network.output_shape == (None, 5)


def test_a_model_of_ones_own_is_taken_as_it_is():
    model = backbones.critter_net(4, (32, 32, 3))
    assert network_of(model, 4) is model
    assert network_of(model, 4, output_stride=4).get_layer("features").output.shape[1] == 8


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (("vgg16", 4, {"alpha": 1}), ValueError, "'vgg16' has no option 'alpha'; it has .*large"),
        (("vgg16", 4, {"width": 4}), ValueError, "'vgg16' has no option 'width'"),
        (("resnet50", 4, {"weights": "imagenet"}), ValueError, "of Keras fit backbone 'resnet50'"),
        (("resnet50", 4, {"weights": "a.weights.h5"}), ValueError, "only fits the very model"),
        ((None, 4, {}), TypeError, "a backbone's name, one of .* or a Keras model, but NoneType"),
        (("resnet", 4, {}), ValueError, "did you mean resnet50"),
    ],
)
def test_what_no_backbone_has(arguments, error, sentence):
    backbone, num_classes, options = arguments
    with pytest.raises(error, match=sentence):
        build("cam", backbone, num_classes, **options)


def test_options_that_a_model_of_ones_own_has_not():
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Conv2D(4, 3)(image))
    with pytest.raises(
        ValueError, match=r"\['large_feature_map'\] are for backbones given by name"
    ):
        build("cam", model, 4, large_feature_map=True)
    with pytest.raises(ValueError, match="No ImageNet weights of Keras fit backbone 'functional"):
        build("cam", model, 4, weights="imagenet")
