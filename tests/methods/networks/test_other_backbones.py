"""Methods on the backbones that wsolevaluation has not."""

import numpy as np
import pytest

from tfwsol.methods import build

IMAGES = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype("float32")
LABELS = np.array([0, 2])
OPTIONS = {"spg": {"guidance_size": (64, 64)}}


def check(model, side):
    result = model.localize(IMAGES, LABELS)
    assert result.maps.shape == (2, 1, side, side)
    loss, logits = model.training_loss(IMAGES, LABELS)
    assert np.isfinite(loss)
    assert logits.shape == (2, 3)


@pytest.mark.parametrize("method", ["acol", "adl", "spg"])
def test_mobilenet_v1(method):
    options = {**OPTIONS.get(method, {}), "alpha": 0.25, "input_shape": (64, 64, 3)}
    check(build(method, "mobilenet_v1", 3, **options), 4)


def test_spg_on_mobilenet_guides_from_the_ends_of_a_stage():
    model = build("spg", "mobilenet_v1", 3, alpha=0.25, input_shape=(64, 64, 3))
    assert [model.network.output[name].shape[1] for name in ("b1", "b2", "c")] == [4, 4, 4]
    shapes = [model.network.get_layer(f"spg_{name}").kernel.shape[2] for name in ("b1", "b2", "c")]
    assert shapes == [128, 128, 256]


@pytest.mark.parametrize("method", ["acol", "cam", "spg"])
def test_any_network_of_keras_applications(method):
    options = {
        **OPTIONS.get(method, {}),
        "network": "MobileNetV2",
        "options": {"alpha": 0.35},
        "output_stride": 16,
        "input_shape": (64, 64, 3),
    }
    if method == "spg":
        options["guides"] = ("block_6_expand_relu", "block_13_expand_relu")
    check(build(method, "application", 3, **options), 4)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["acol", "adl", "spg", "has"])
@pytest.mark.parametrize("large", [False, True])
def test_resnet50_se(method, large):
    options = {"large_feature_map": large, "input_shape": (64, 64, 3)}
    check(build(method, "resnet50_se", 3, **OPTIONS.get(method, {}), **options), 8 if large else 4)
