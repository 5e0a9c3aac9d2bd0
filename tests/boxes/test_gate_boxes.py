import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tfwsol.boxes import PRESETS, gate_boxes

GOLDEN = Path(__file__).parents[1] / "golden" / "stnet"


@pytest.mark.parametrize("file", ["boxes_01_modes", "boxes_02_nonsquare"])
def test_published_proposals_at_their_mean(file):
    with np.load(GOLDEN / f"{file}.npz") as golden:
        arrays = dict(golden)
    cases = 0
    for key in sorted({name[:4] for name in arrays}):
        mean, deviations, *_ = arrays[key + "params"].tolist()
        if not arrays[key + "prune"] or arrays[key + "lb_mode"] != "NEW_MEAN":
            continue
        rule = dataclasses.replace(PRESETS["stnet"], deviations=deviations)
        gates = np.moveaxis(arrays[key + "g"], 0, -1)[None]
        found = gate_boxes(gates, str(arrays[key + "collapse"]).lower(), rule, mean)
        np.testing.assert_array_equal(found[0], arrays[key + "box"], key)
        cases += 1
    assert cases >= 2


def test_intact_by_hand():
    gates = np.zeros((2, 3, 4, 2))
    gates[0, 0, 1] = 0.5, 0.5  # together 1, each of them below the mean of the gates
    gates[0, 1, 2] = 0, 0.9
    gates[0, 2, 3] = 0.8, 0
    assert gate_boxes(gates, "sum").tolist() == [[1, 0, 2, 1], [0, 0, 1, 1]]
    assert gate_boxes(gates, "intact").tolist() == [[2, 1, 3, 2], [0, 0, 1, 1]]


def test_wrong_arguments():
    gates = np.zeros((1, 2, 2, 3))
    with pytest.raises(ValueError, match="one of sum, max, intact"):
        gate_boxes(gates, "mean")
    with pytest.raises(ValueError, match="rows × columns × channels"):
        gate_boxes(gates[0])
    with pytest.raises(ValueError, match="region 'all'"):
        gate_boxes(gates, rule="wsoleval")
