from pathlib import Path

import numpy as np

from tfwsol.boxes import score_maps
from tfwsol.boxes.grey import cubehelix_grey, quantised

GOLDEN = Path(__file__).parents[1] / "golden" / "evaluation" / "classic.npz"


def test_cubehelix_is_the_published_staircase():
    with np.load(GOLDEN) as golden:
        np.testing.assert_array_equal(cubehelix_grey(), golden["cubehelix_gray_lut"])


def test_adl_grey_maps():
    with np.load(GOLDEN) as golden:
        arrays = dict(golden)
    cases = [name[:4] for name in arrays if name.endswith("adl_gray")]
    assert len(cases) == 16
    different = 0
    for case in cases:
        expected = arrays[case + "adl_gray"]
        class_map = np.einsum("c,chw->hw", arrays[case + "weights"], arrays[case + "features"])
        found = quantised(score_maps(class_map, "adl", expected.shape), "cubehelix")
        difference = np.abs(found.astype(int) - expected)
        assert difference.max() <= 2
        different += (difference > 0).sum()
    # Another order of the sum over channels moves few pixels across a step.
    assert different <= 10


def test_truncation():
    values = np.array([[0.0, 0.999 / 255, 1 / 255, 254.9 / 255, 1.0]])
    np.testing.assert_array_equal(quantised(values, "truncate"), [[0, 0, 1, 254, 255]])
    np.testing.assert_array_equal(quantised(np.array([0.0, 1.0]), "cubehelix"), [0, 255])
