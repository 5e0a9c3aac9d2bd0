from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfwsol.boxes import best_iou, best_threshold, otsu_thresholds, score_maps, sweep
from tfwsol.boxes.grey import quantised

GOLDEN = Path(__file__).parents[1] / "golden" / "bas"


@pytest.mark.parametrize("file", ["eval_ilsvrc", "eval_cub_multithr"])
def test_bas_gt_known(file):
    with np.load(GOLDEN / f"{file}.npz") as golden:
        arrays = dict(golden)
    truths = np.split(arrays["gt_boxes"], np.cumsum(arrays["gt_count"])[:-1])
    found = sweep(score_maps(arrays["maps"], "bas"), arrays["thresholds"], False, "bas")
    overlaps = best_iou(*found, truths)
    np.testing.assert_allclose(overlaps, arrays["best_iou"], rtol=0, atol=1e-7)
    for level in (30, 50, 70):
        accuracy = arrays[f"iou{level}"]
        expected = (arrays["thresholds"][accuracy.argmax()], accuracy.max() / 100)
        assert best_threshold(overlaps, arrays["thresholds"], level / 100) == expected


def test_of_equally_good_thresholds_the_first():
    overlaps = np.array([[0.5, 0.1, 0.9], [0.2, 0.6, 0.5], [0.0, 0.5, 0.3]])
    assert best_threshold(overlaps, [0.1, 0.2, 0.3]) == (0.2, 2 / 3)
    assert best_threshold(overlaps, [0.1, 0.2, 0.3], 0.9) == (0.3, 1 / 3)
    assert best_threshold(overlaps, [0.1, 0.2, 0.3], 1.0) == (0.1, 0.0)


@pytest.mark.parametrize("shape", [(3,), (0, 2), (3, 3)])
def test_overlaps_of_another_shape(shape):
    with pytest.raises(ValueError, match="images × 2 thresholds"):
        best_threshold(np.zeros(shape), [0.1, 0.2])


def test_otsu_parts_dark_from_bright():
    maps = np.zeros((2, 1, 4, 6))
    maps[0, 0, :2] = [0.1, 0.15, 0.1, 0.8, 0.9, 0.8]
    maps[1, 0] = 0.5
    found = otsu_thresholds(maps, "wsoleval")
    assert found.shape == (2, 1)
    boxes, _ = sweep(maps[0], found[0], False)
    assert boxes.tolist() == [[3, 0, 5, 2]]  # clipped on the right
    boxes, _ = sweep(maps[1], found[1], False)
    assert boxes.tolist() == [[0, 0, 5, 3]]


@pytest.mark.parametrize(("level", "highest"), [(15, 22), (31, 39), (0, 1), (254, 255)])
def test_a_level_survives_product_and_truncation(level, highest):
    # int(15 / 22 · 22) is 14
    grey = np.array([[level, highest]] * 2, np.float64)
    threshold = otsu_thresholds((grey + 0.5).clip(0, 255) / 255)
    assert int(threshold * highest) == level


@settings(deadline=None)
@given(
    hnp.arrays(np.float64, (2, 3, 4), elements=st.floats(0, 1)),
    st.sampled_from(["wsoleval", "adl", "tscam"]),
)
def test_the_rule_finds_otsus_level_again(maps, rule):
    found = otsu_thresholds(maps, rule)
    for score_map, threshold in zip(maps, found, strict=True):
        grey = quantised(
            score_map.astype("float64" if rule == "wsoleval" else "float32"), GREY[rule]
        )
        level, bright = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
        assert 0 <= threshold < 1
        if level < grey.max():
            assert int(threshold * grey.max()) == level
            np.testing.assert_array_equal(grey > int(threshold * grey.max()), bright > 0)
        else:
            assert len(np.unique(grey)) == 1


GREY = {"wsoleval": "truncate", "adl": "cubehelix", "tscam": "truncate"}


@pytest.mark.parametrize("rule", ["bas", "stnet"])
def test_otsu_needs_grey_levels(rule):
    with pytest.raises(ValueError, match=f"rule '{rule}' has none"):
        otsu_thresholds(np.zeros((1, 2, 2)), rule)


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_otsu_needs_score_maps(value):
    with pytest.raises(ValueError, match=r"maps in \[0, 1\]"):
        otsu_thresholds(np.full((1, 2, 2), value))
