import keras
import pytest

from tfwsol.boxes import PRESETS
from tfwsol.evaluation.stnet_settings import PRUNINGS, STNetSettings


@pytest.fixture(scope="module")
def model():
    """Cells 4, then 8 pixels apart."""
    image = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 4, 4, activation="relu", name="four")(image)
    x = keras.layers.Conv2D(4, 2, 2, activation="relu", name="eight")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(3)(x))


@pytest.mark.parametrize(
    ("pruning", "threshold"),
    [("new_mean", 1.5), ("old_mean", 1.5), ("percentile", 0.4), ("energy", 0.2), ("off", 0.0)],
)
def test_prunings_are_levels_of_the_published_rule(pruning, threshold):
    settings = STNetSettings(
        pruning=pruning, mean_multiplier=1.5, std_multiplier=0.5, percentage=0.4, energy=0.2
    )
    assert settings.threshold == threshold
    assert settings.rule.level == PRUNINGS[pruning]
    assert settings.rule.deviations == 0.5
    assert settings.rule.inclusive
    assert f"pruned by {pruning} at {threshold:g}" in settings.sentence()


def test_the_default_is_the_published_rule():
    settings, published = STNetSettings(), PRESETS["stnet"]
    assert (settings.rule.level, settings.rule.deviations) == (published.level, 0.0)
    assert settings.threshold == 1.0


def test_class_hypotheses_stop_at_cells_eight_pixels_apart(model):
    boxes, _ = STNetSettings().explainer(model).grids
    hypotheses, _ = STNetSettings("ch_viz").explainer(model).grids
    named, _ = STNetSettings("ch_viz", stop_layer="four").explainer(model).grids
    assert [boxes.stride, hypotheses.stride, named.stride] == [1, 8, 4]
    assert "stopped at cells 8 pixels apart" in STNetSettings("ch_viz").sentence()
    assert "stopped at four" in STNetSettings("ch_viz", stop_layer="four").sentence()


def test_options_reach_the_method(model):
    with pytest.raises(ValueError, match="bias_units is one of"):
        STNetSettings(options={"bias_units": "none"}).explainer(model)
    assert STNetSettings(options={"preset": "mobilenet", "alpha": 0.5}).explainer(model).layers


def test_cells_are_as_wide_as_what_they_see_or_as_they_are_apart():
    image = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 3, 2, activation="relu", name="map")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(3)(x))
    for extent, wide in (("field", 3), ("cell", 2)):
        settings = STNetSettings(stop_layer="map", extent=extent)
        grids = settings.grids(settings.explainer(model))
        assert [(grid.receptive_field, grid.stride) for grid in grids] == [(wide, 2)] * 2
        assert settings.sentence().endswith("as wide as their cells.") == (extent == "cell")


def test_boxes_as_wide_as_cells_are_of_the_last_map(model):
    settings = STNetSettings(extent="cell")
    rows, _ = settings.grids(settings.explainer(model))
    assert (rows.stride, rows.receptive_field) == (8, 8)
    assert "stopped at the last map" in settings.sentence()
    named, _ = STNetSettings(extent="cell", stop_layer="four").explainer(model).grids
    assert named.stride == 4


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"mode": "bbox"}, "Expected the mode out of bbox_eval"),
        ({"collapse": "mean"}, "Expected the collapse out of"),
        ({"pruning": "mean"}, "Expected the pruning out of"),
        ({"extent": "pixel"}, "Expected the extent out of field, cell"),
        ({"percentage": 1.0}, "from 0 to below 1"),
        ({"energy": -0.1}, "from 0 to below 1"),
        ({"std_multiplier": -1.0}, "at least 0"),
        ({"mode": "bbox_viz", "top_k": 2}, "needs --stnet_classes=predicted"),
        ({"classes": "predicted", "top_k": 2}, "one box of each picture"),
        ({"classes": (1,)}, "one box of each picture"),
        ({"beside": ("cma",)}, "did you mean cam"),
        ({"beside": ("stnet",)}, "only where boxes are scored"),
        ({"mode": "bbox_viz", "beside": ("cam",)}, "only where boxes are scored"),
        ({"mode": "ch_viz", "collapse": "intact"}, "collapsed gates"),
    ],
)
def test_what_is_wrong_is_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        STNetSettings(**wrong)
