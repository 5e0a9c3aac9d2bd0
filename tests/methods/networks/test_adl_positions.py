import pytest

from tfwsol import backbones
from tfwsol.methods.networks.adl_positions import PLACES, places, threshold


@pytest.fixture(scope="module")
def networks():
    known = {}

    def build(name, **options):
        key = (name, *options)
        if key not in known:
            known[key] = backbones.build(name, num_classes=3, input_shape=(48, 48, 3), **options)
        return known[key]

    return build


@pytest.mark.parametrize("name", PLACES)
def test_every_published_place_exists(name, networks):
    model = networks(name)
    names = {layer.name for layer in model.layers}
    assert all(names.issuperset(variant) for variant in PLACES[name].values())
    assert set(PLACES[name]) <= {"tf1", "wsolevaluation", "tfwsol"}
    assert places(model, None) == list(next(iter(PLACES[name].values())))


def test_the_two_programs_differ_on_vgg(networks):
    vgg = networks("vgg16")
    assert places(vgg, "tf1") == places(vgg, None) == ["pool3", "pool4", "conv5_3"]
    assert places(vgg, "wsolevaluation") == ["pool3", "conv4_3", "conv5_3"]
    large = networks("vgg16", large_feature_map=True)
    assert places(large, None) == ["pool3", "conv4_3", "conv5_3"]


def test_numbers_of_the_tf1_program(networks):
    vgg, resnet = networks("vgg16"), networks("resnet50_se")
    assert places(vgg, (3, 4, 53)) == places(vgg, "tf1")
    assert places(vgg, [11, 22, 33, 1]) == ["conv1_1", "conv2_2", "conv3_3", "pool1"]
    assert places(resnet, (31, 41, 5)) == places(resnet, "tf1")
    numbers = [0, 1, 2, 3, 4, 11, 24, 36, 43]
    found = ["relu1", "pool1", "layer1_2", "layer2_3", "layer3_5"]
    found += ["layer1_0", "layer2_3", "layer3_5", "layer4_2"]
    assert places(resnet, numbers) == found
    assert places(vgg, ["conv6", 53]) == ["conv6", "conv5_3"]


def test_position_6_is_refused(networks):
    with pytest.raises(ValueError, match=r"Position 6 .* a mistake .*'conv6'"):
        places(networks("vgg16"), (3, 4, 6))


@pytest.mark.parametrize("place", [5, 0, 23, 61, 54, -1])
def test_numbers_that_vgg_has_not(place, networks):
    with pytest.raises(ValueError, match="is no position of the TF1 program in backbone 'vgg16'"):
        places(networks("vgg16"), [place])


@pytest.mark.parametrize("place", [6, 14, 37, 51])
def test_numbers_that_resnet_has_not(place, networks):
    with pytest.raises(ValueError, match="is no position of the TF1 program"):
        places(networks("resnet50"), [place])


def test_variants_that_were_never_published(networks):
    with pytest.raises(ValueError, match=r"'tf1' are known for backbone 'inception_v3'; .*wsole"):
        places(networks("inception_v3"), "tf1")
    with pytest.raises(ValueError, match=r"choose from \['tfwsol'\]"):
        places(networks("mobilenet_v1"), "tf1")
    other = backbones.application("MobileNetV2", 3, input_shape=(32, 32, 3))
    with pytest.raises(ValueError, match="No ADL positions are published for backbone 'applica"):
        places(other, None)


def test_published_thresholds():
    assert [threshold(name) for name in ("vgg16", "resnet50_se", "own")] == [0.8, 0.9, 0.8]
