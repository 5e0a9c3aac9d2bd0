import pytest

from tfwsol.methods.top_down.settings import PRESETS, Selection, preset_of, settings_of


@pytest.mark.parametrize(
    ("model", "preset"),
    [
        ("alexnet", "alexnet"),
        ("vgg16", "vgg16"),
        ("ResNet50", "resnet"),
        ("mobilenetv2_1.00_224", "mobilenet"),
        ("densenet121", "densenet"),
        ("inception_v1", "googlenet"),
        ("functional_3", "general"),
    ],
)
def test_a_model_s_name_chooses(model, preset):
    assert preset_of(None, model) is PRESETS[preset]


def test_the_published_settings():
    alexnet = PRESETS["alexnet"]
    assert (alexnet.dense, alexnet.bridge) == (Selection("699", 3), Selection("699", 1))
    assert (alexnet.alpha, alexnet.stop_stride, alexnet.bias_units) == (0.2, 1, "drop")
    assert {name for name, preset in PRESETS.items() if preset.origin == "published"} == {"alexnet"}


def test_layers_before_kinds_before_presets():
    settings = settings_of(
        PRESETS["alexnet"], {"dense": ("699", 1), "top": "ALL"}, {"a/b": 0.5, "c": 0.6}
    )
    assert settings.selection("dense", "head/top") == Selection("ALL")
    assert settings.selection("dense", "other") == Selection("699", 1)
    assert settings.selection("bridge", "other") == Selection("699", 1)
    assert [settings.alpha(path) for path in ("a/b", "b", "x/c")] == [0.5, 0.2, 0.6]
    assert settings_of(PRESETS["alexnet"], alpha=0.9).alpha("b") == 0.9


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"modes": {"dense": "689"}}, "mode of 'dense' is one of 1, ALL, 699"),
        ({"modes": {"dense": "connected"}}, "mode of 'dense' is one of 1, ALL, 699"),
        ({"modes": {"dense": ("699", -1)}}, "offset"),
        ({"alpha": 1.5}, "alpha is between 0"),
        ({"alpha": {"conv": -0.1}}, "alpha is between 0"),
        ({"bias_units": "keep"}, "bias_units is one of drop, share"),
    ],
)
def test_wrong_settings(arguments, words):
    with pytest.raises(ValueError, match=words):
        settings_of(PRESETS["general"], **arguments)


def test_unknown_presets():
    with pytest.raises(ValueError, match="did you mean alexnet"):
        preset_of("alexnett", "model")
