import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfwsol.boxes import PRESETS, score_maps

GOLDEN = Path(__file__).parents[1] / "golden"


def test_wsoleval_resizes_then_scales():
    with np.load(GOLDEN / "evaluation" / "utils.npz") as golden:
        arrays = dict(golden)
    cases = sum(name.endswith("_low") for name in arrays)
    assert cases == 5
    for case in range(cases):
        low, cubic = arrays[f"cam{case}_low"], arrays[f"cam{case}_cubic"]
        found = score_maps(low, "wsoleval", cubic.shape)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, arrays[f"cam{case}_norm"])
        unscaled = dataclasses.replace(PRESETS["wsoleval"], min_max="never")
        np.testing.assert_array_equal(score_maps(low, unscaled, cubic.shape), cubic)


def test_bas_scales_then_resizes():
    with np.load(GOLDEN / "bas" / "eval_ilsvrc.npz") as golden:
        maps, rows, sums = golden["maps"], golden["norm_rows"], golden["norm_sum"]
    found = score_maps(maps, "bas")
    assert found.shape == (len(maps), 224, 224)
    np.testing.assert_allclose(found[:, [20, 84, 148, 212]], rows, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=(1, 2), dtype=np.float64), sums, rtol=1e-6)


def test_tscam_and_scm_resize_linearly():
    with np.load(GOLDEN / "scm" / "boxes_scm_7.npz") as golden:
        maps, expected = golden["in/maps"], golden["resized/map0"]
    found = score_maps(maps, "tscam")
    assert found.shape == (*maps.shape[:2], 224, 224)
    np.testing.assert_allclose(found[0, 0], expected, rtol=0, atol=1e-6)


def test_stnet_leaves_its_gates_alone():
    gates = np.random.default_rng(0).random((2, 5, 6)).astype(np.float32) * 7
    np.testing.assert_array_equal(score_maps(gates, "stnet"), gates)


@pytest.mark.parametrize("rule", ["wsoleval", "adl", "tscam", "bas"])
@pytest.mark.parametrize("value", [0.0, 3.0, -1.0, np.nan])
def test_what_cannot_be_scaled_becomes_zeros(rule, value):
    maps = np.full((2, 4, 4), value)
    maps[1] = np.arange(16).reshape(4, 4)
    found = score_maps(maps, rule)
    assert not found[0].any()
    assert found[1].max() == pytest.approx(1, abs=1e-5)


@settings(deadline=None)
@given(
    hnp.arrays(np.float64, (2, 3, 5), elements=st.floats(-1e3, 1e3)),
    st.sampled_from(["wsoleval", "adl", "tscam", "bas"]),
)
def test_score_maps_lie_between_0_and_1(maps, rule):
    found = score_maps(maps, rule, (9, 8))
    assert found.shape == (2, 9, 8)
    assert found.dtype == PRESETS[rule].precision
    assert (found >= 0).all()
    assert (found <= 1).all()


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r"got the shape \(4,\)"):
        score_maps(np.zeros(4))
