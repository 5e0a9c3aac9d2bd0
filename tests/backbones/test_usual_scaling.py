import pytest

from tfwsol.backbones.usual_scaling import usual_scaling


@pytest.mark.parametrize(
    ("backbone", "weights", "scaling"),
    [
        ("squeezenet", "a.weights.h5", "caffe"),
        ("squeezenet", "squeezenet1_0.pth", "torch"),
        ("googlenet", "googlenet.pth", "tf"),
        ("googlenet", "a.keras", "tf"),
        ("alexnet", "a.weights.h5", "torch"),
        ("alexnet", "alexnet.PTH", "torch"),
        ("vgg16", "vgg16.npz", "caffe"),
        ("vgg16", "vgg16_weights.h5", "caffe"),
        ("vgg16", "vgg16-397923af.pth", "torch"),
        ("vgg16", "vgg16.weights.h5", "torch"),
        ("resnet50_se", "ResNet.NPZ", "torch, BGR"),
        ("critter_net", "a.keras", "none"),
    ],
)
def test_by_network_and_ending(backbone, weights, scaling):
    assert usual_scaling(backbone, weights) == scaling
