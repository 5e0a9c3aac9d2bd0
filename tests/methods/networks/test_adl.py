import keras
import numpy as np
import pytest

from tfwsol.layers import ADL
from tfwsol.methods import build


def gates(model):
    return [layer for layer in model.network.layers if isinstance(layer, ADL)]


def test_defaults_and_options():
    model = build("adl", "critter_net", 3, input_shape=(16, 16, 3))
    assert [(g.name, g.drop_rate, g.drop_threshold) for g in gates(model)] == [
        ("adl_relu3", 0.75, 0.8),
        ("adl_features", 0.75, 0.8),
    ]
    options = {"positions": ["relu2"], "drop_rate": 0.5, "drop_threshold": 0.6, "seed": 3}
    model = build("adl", "critter_net", 3, input_shape=(16, 16, 3), **options)
    (gate,) = gates(model)
    assert (gate.drop_rate, gate.drop_threshold, gate.seed) == (0.5, 0.6, 3)


def test_inception_has_no_dropout_in_its_head():
    model = build("adl", "inception_v3", 3, input_shape=(48, 48, 3))
    assert [gate.name for gate in gates(model)] == [
        "adl_Mixed_5d",
        "adl_Mixed_6e",
        "adl_head_conv2",
    ]
    assert {gate.drop_threshold for gate in gates(model)} == {0.9}
    assert not [one for one in model.network.layers if isinstance(one, keras.layers.Dropout)]
    assert model.network.get_layer("head").dropout == 0


def test_each_layer_draws_for_itself():
    """With one common draw the two layers would always take the same branch."""
    model = build("adl", "critter_net", 3, input_shape=(16, 16, 3), seed=5, drop_rate=0.5)
    layers = [model.network.get_layer(name) for name in ("adl_relu3", "adl_features")]
    inside = keras.Model(model.network.inputs[0], [layer.output for layer in layers])
    # In training each result is its input times zeros somewhere (drop), or nowhere zero again.
    images = np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype("float32")
    before = keras.Model(model.network.inputs[0], [layer.input for layer in layers])
    model.network.trainable = False
    taken = []
    for _ in range(24):
        outputs, inputs = inside(images, training=True), before(images, training=False)
        first = np.asarray(outputs[0]) == 0
        taken.append([bool((first & (np.asarray(inputs[0]) != 0)).any())])
        features = np.asarray(outputs[1])
        taken[-1].append(bool((features.max(-1) == 0).any()))
    pairs = {tuple(pair) for pair in taken}
    assert len(pairs) > 2


def test_a_place_in_a_nested_model():
    image = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    body = keras.Model(image, keras.layers.Conv2D(4, 3, name="last")(x), name="body")
    start = keras.Input((16, 16, 3))
    model = build("adl", keras.Model(start, body(start)), 3, positions=["body/conv"])
    assert [layer.name for layer in model.network.get_layer("body").layers][2] == "adl_body_conv"


def test_a_place_that_does_not_exist():
    with pytest.raises(ValueError, match="has no layer 'relu33'; did you mean"):
        build("adl", "critter_net", 3, input_shape=(16, 16, 3), positions=["relu33"])
    with pytest.raises(ValueError, match="has no layer 'pool4'"):
        build("adl", "vgg16", 3, input_shape=(32, 32, 3), large_feature_map=True, positions="tf1")
