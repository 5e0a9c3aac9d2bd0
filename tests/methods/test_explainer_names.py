import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.methods import CAM, L2CAF, GradCAM, LayerCAM, STNet
from tfwsol.methods.explainer_names import (
    EXPLAINERS,
    TITLES,
    build_explainer,
    check_explainer_names,
)

METHODS = (L2CAF, CAM, GradCAM, LayerCAM, STNet)


@pytest.fixture(scope="module")
def model():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="map")(image)
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def test_every_name_builds_its_explainer(model):
    options = {"layer": "map", "solver": "power", "sign": "positive", "preset": "tf1"}
    options |= {"stnet_preset": "vgg16", "stnet_collapse": "max"}
    built = {name: build_explainer(name, model, **options) for name in EXPLAINERS}
    assert [type(explainer) for explainer in built.values()] == [*METHODS]
    assert TITLES.keys() == EXPLAINERS.keys()
    assert built["l2caf"]._solver == "power"
    assert built["stnet"]._collapse == "max"
    images = np.ones((1, 8, 8, 3), "float32")
    assert {built[name].localize(images, 0).maps.shape for name in built} == {(1, 1, 6, 6)}


def test_unknown_names_and_options(model):
    with pytest.raises(ValueError, match="did you mean gradcam"):
        build_explainer("grad-cam", model)
    with pytest.raises(ValueError, match=r"No explainer has the options \['solfer'\]"):
        build_explainer("cam", model, solfer="exact")
    check_explainer_names(["cam", "mine"], further=["mine"])
