import keras
import pytest
from keras import layers

from tfwsol.methods import CAM, L2CAF, GradCAM, LayerCAM
from tfwsol.methods.explainer_names import (
    EXPLAINERS,
    TITLES,
    build_explainer,
    check_explainer_names,
)


@pytest.fixture(scope="module")
def model():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="map")(image)
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def test_every_name_builds_its_explainer(model):
    options = {"layer": "map", "solver": "power", "sign": "positive"}
    built = {name: build_explainer(name, model, **options) for name in EXPLAINERS}
    assert [type(explainer) for explainer in built.values()] == [L2CAF, CAM, GradCAM, LayerCAM]
    assert TITLES.keys() == EXPLAINERS.keys()
    assert built["l2caf"]._solver == "power"


def test_unknown_names_and_options(model):
    with pytest.raises(ValueError, match="did you mean gradcam"):
        build_explainer("grad-cam", model)
    with pytest.raises(ValueError, match=r"No explainer has the options \['solfer'\]"):
        build_explainer("cam", model, solfer="exact")
    check_explainer_names(["cam", "mine"], further=["mine"])
