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


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"mode": "bbox"}, "Expected a mode out of bbox_eval"),
        ({"collapse": "mean"}, "Expected a collapse out of"),
        ({"pruning": "mean"}, "Expected a pruning out of"),
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
