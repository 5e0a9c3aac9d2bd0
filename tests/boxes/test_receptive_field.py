from pathlib import Path

import numpy as np
import pytest

from tfwsol.boxes import cells_to_image

GOLDEN = Path(__file__).parents[1] / "golden" / "stnet" / "boxmath_01.npz"


def test_stnet():
    with np.load(GOLDEN) as golden:
        raw, expected = golden["raw"], golden["mapped"]
        stride, start, receptive_field, side = golden["stride_start_rf_img"].tolist()
    found = cells_to_image(raw, stride, start, receptive_field, side)
    assert found.dtype == raw.dtype
    np.testing.assert_array_equal(found, expected)


def test_by_hand():
    boxes = np.array([[0, 1, 2, 3]])
    np.testing.assert_array_equal(cells_to_image(boxes, 8, 7, 19, 30), [[0, 6, 30, 30]])


def test_wrong_shapes():
    with pytest.raises(ValueError, match="n × 4"):
        cells_to_image(np.zeros(4), 1, 0, 1, 2)
