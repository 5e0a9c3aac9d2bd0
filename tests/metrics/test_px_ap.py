import cv2
import numpy as np
import pytest

from tfwsol.metrics import PxAP


@pytest.mark.parametrize("config", range(4))
def test_wsolevaluation(golden, score_maps, config):
    expected = golden("evaluation/mask_dataset")
    metric = PxAP(float(expected[f"cfg{config}_interval"]))
    maps = score_maps[str(expected[f"cfg{config}_rule"])]
    metric.update_state(maps, expected["gt_mask"])
    np.testing.assert_array_equal(metric.histogram[1], expected[f"cfg{config}_true_hist"])
    np.testing.assert_array_equal(metric.histogram[0], expected[f"cfg{config}_false_hist"])
    assert metric.result() == expected[f"cfg{config}_pxap"]


@pytest.mark.parametrize("config", range(4))
def test_wsolevaluation_of_single_images(golden, score_maps, config):
    expected = golden("evaluation/mask_dataset")
    metric = PxAP(float(expected[f"cfg{config}_interval"]))
    maps = score_maps[str(expected[f"cfg{config}_rule"])][::7]
    for score_map, mask, value in zip(
        maps, expected["gt_mask"][::7], expected[f"cfg{config}_single_image_pxap"], strict=True
    ):
        metric.reset_state()
        metric.update_state(score_map[None], mask[None])
        if np.isnan(value):
            with pytest.raises(RuntimeError, match="No pixel of an object"):
                metric.result()
        else:
            assert metric.result() == value


def bas_maps(low):
    """BAS brings maps to [0, 1] before it resizes them, in float32."""
    lowest = low.min(axis=(1, 2), keepdims=True)
    span = low.max(axis=(1, 2), keepdims=True) - lowest
    small = (low - lowest) / (span + np.float32(1e-5))
    return np.stack([cv2.resize(one, (224, 224)) for one in small]).astype(np.float64)


def test_bas(golden):
    expected = golden("bas/pxap")
    metric = PxAP()
    metric.update_state(bas_maps(expected["maps"]), expected["gt_mask"])
    assert metric.result() == pytest.approx(float(expected["pxap"]), abs=1e-6)


def test_by_hand():
    # From above: object, background, object, (ignored), background.
    # Precision 1 at recall 1/2, then 2/3 at recall 1.
    metric = PxAP(0.1)
    metric.update_state(
        np.array([[[0.95, 0.75, 0.55, 0.35, 0.0]]]), np.array([[[1, 0, 1, 255, 0]]], np.uint8)
    )
    assert metric.result() == pytest.approx(100 * (1 / 2 * 1 + 1 / 2 * 2 / 3))
    assert type(metric.result()) is float


def test_a_constant_map_scores_the_share_of_the_object():
    masks = np.zeros((1, 10, 10), bool)
    masks[0, :3] = True
    for value in (0.0, 0.37, 1.0):
        metric = PxAP()
        metric.update_state(np.full(masks.shape, value), masks)
        assert metric.result() == pytest.approx(30)


def test_summary():
    metric = PxAP(0.01)
    metric.update_state(np.ones((2, 2, 2)), np.ones((2, 2, 2), bool))
    assert metric.summary() == {
        "PxAP": 100.0,
        "step": 0.01,
        "images": 2,
        "protocol": "wsolevaluation, masks pooled over all images",
    }
