import keras
import numpy as np
import pytest

from tfwsol import backbones


@pytest.fixture(scope="module")
def model():
    return backbones.build("inception_v3", num_classes=7)


def test_the_weights_are_those_of_the_specification(model):
    found = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert found == 25_482_976 + 1025 * 7


def test_sizes_on_the_way(model):
    sides = {
        name: model.get_layer(name).output.shape[1:]
        for name in ("Conv2d_1a_3x3", "pool1", "pool2", "Mixed_5d", "Mixed_6a", "Mixed_6e")
    }
    assert sides == {
        "Conv2d_1a_3x3": (112, 112, 32),
        "pool1": (56, 56, 64),
        "pool2": (28, 28, 192),
        "Mixed_5d": (28, 28, 288),
        "Mixed_6a": (14, 14, 768),
        "Mixed_6e": (14, 14, 768),
    }


def test_the_large_map(model):
    large = backbones.inception_v3(7, large_feature_map=True)
    assert large.get_layer("Mixed_6e").output.shape == (None, 28, 28, 768)
    assert large.count_params() == model.count_params()


def test_dropout_only_where_asked(model):
    def drops(model):
        found = model._flatten_layers(include_self=False, recursive=True)
        return [layer.rate for layer in found if isinstance(layer, keras.layers.Dropout)]

    assert drops(model) == [0.5, 0.5, 0.5]
    assert drops(backbones.inception_v3(2, input_shape=(64, 64, 3), dropout_rate=0)) == []
