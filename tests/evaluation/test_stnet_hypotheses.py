import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.boxes import class_hypothesis_maps
from tfwsol.evaluation.stnet_hypotheses import comparable_maps
from tfwsol.methods.explainer_names import build_explainer


@pytest.fixture(scope="module")
def model(small_classifier):
    return small_classifier.model


def test_gates_of_a_layer_become_what_its_cells_see(model):
    """Cells of the layer see 3 × 3 pixels, 2 apart; the largest gate makes the brightest pixels."""
    stnet = build_explainer("stnet", model, "map")
    gates = np.zeros((2, 7, 7), np.float32)
    gates[0, 1, 5] = gates[1, 4, 4] = 1
    found = comparable_maps(stnet, gates, (16, 16))
    np.testing.assert_array_equal(found, class_hypothesis_maps(gates, stnet.grids, (16, 16)))
    assert found.shape == (2, 16, 16)
    brightest = [np.unravel_index(one.argmax(), one.shape) for one in found]
    for place, cell in zip(brightest, [(1, 5), (4, 4)], strict=True):
        assert np.abs(np.array(place) - (2 * np.array(cell) + 1)).max() <= 1


def test_gates_of_cells_far_apart_are_a_map_as_others_have():
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 8, 8, activation="relu", name="map")(image)
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    maps = np.eye(4, dtype=np.float32)[None]
    assert comparable_maps(build_explainer("stnet", model, "map"), maps, (32, 32)) is maps


def test_maps_of_others_stay_as_they_are(model):
    maps = np.random.default_rng(0).normal(size=(2, 7, 7))
    assert comparable_maps(build_explainer("cam", model), maps, (16, 16)) is maps
