import cv2
import numpy as np
import pytest

from tfwsol.metrics import PIoU


def test_bas(golden):
    expected = golden("bas/pxap")
    low = expected["maps"]
    lowest = low.min(axis=(1, 2), keepdims=True)
    small = (low - lowest) / (low.max(axis=(1, 2), keepdims=True) - lowest + np.float32(1e-5))
    maps = np.stack([cv2.resize(one, (224, 224)) for one in small]).astype(np.float64)
    metric = PIoU()
    metric.update_state(maps, expected["gt_mask"])
    assert metric.result() == pytest.approx(float(expected["piou"]), abs=1e-6)


def test_the_named_threshold_gives_the_result():
    generator = np.random.default_rng(0)
    maps = generator.uniform(size=(4, 30, 30))
    masks = generator.uniform(size=maps.shape) < maps**2
    metric = PIoU()
    metric.update_state(maps, masks)
    bright = maps >= metric.best_threshold()
    assert metric.result() == 100 * (bright & masks).sum() / (bright | masks).sum()
    for threshold in metric.thresholds:
        bright = maps >= threshold
        assert 100 * (bright & masks).sum() / (bright | masks).sum() <= metric.result()


def test_by_hand():
    # Overlaps from above: 1/2, 1/3, 2/3, 2/4; the ignored pixel takes no part.
    metric = PIoU(0.1)
    metric.update_state(
        np.array([[[0.95, 0.75, 0.55, 0.35, 0.0]]]), np.array([[[1, 0, 1, 255, 0]]], np.uint8)
    )
    assert metric.result() == pytest.approx(200 / 3)
    assert metric.summary() == {
        "PIoU": pytest.approx(200 / 3),
        "best_threshold": 0.5,
        "step": 0.1,
        "images": 1,
        "protocol": "wsolevaluation, masks pooled over all images",
    }
