import numpy as np
import pytest

from tfwsol import backbones


@pytest.fixture(scope="module")
def model():
    return backbones.googlenet()


def test_the_published_number_of_weights(model):
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == 6_624_904


def test_sizes_of_a_224_pixel_image(model):
    sides = {name: tuple(t.shape[1:]) for name, t in backbones.endpoints(model).items()}
    wanted = {
        "conv1": (112, 112, 64),
        "pool1": (56, 56, 64),
        "conv3": (56, 56, 192),
        "pool2": (28, 28, 192),
        "inception3b": (28, 28, 480),
        "pool3": (14, 14, 480),
        "inception4e": (14, 14, 832),
        "pool4": (7, 7, 832),
        "inception5b": (7, 7, 1024),
    }
    assert {name: sides[name] for name in wanted} == wanted


def test_dropout_in_the_head(model):
    assert model.get_layer("head").dropout == 0.2


def test_a_file_of_other_classes_gives_all_but_the_head(model, tmp_path):
    model.save_weights(tmp_path / "thousand.weights.h5")
    other = backbones.googlenet(4, (64, 64, 3), weights=tmp_path / "thousand.weights.h5")
    heads = [id(v) for net in (model, other) for v in net.get_layer("head").weights]
    assert len(heads) == 4
    kept = [[v for v in net.weights if id(v) not in heads] for net in (model, other)]
    for ours, theirs in zip(*kept, strict=True):
        np.testing.assert_array_equal(ours, theirs, ours.path)
    assert other.output_shape == (None, 4)
