import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfwsol.boxes import PRESETS, TruthScaling, scale_truth

GOLDEN = Path(__file__).parents[1] / "golden"


def test_wsoleval():
    with np.load(GOLDEN / "evaluation" / "utils.npz") as golden:
        rows = golden["resize_bbox"]
    rows = rows[(rows[:, 6] == 224) & (rows[:, 7] == 224)]  # the one size of the protocol
    assert len(rows) == 93
    found = scale_truth(rows[:, :4], rows[:, [5, 4]], "wsoleval")
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, rows[:, 8:])


def test_bas():
    with np.load(GOLDEN / "bas" / "gt_boxes_lr.npz") as golden:
        rows, lines = golden["cub_rows_xyxy_h_w"], golden["ilsvrc_lines"]
        cub, cub_224, ilsvrc = golden["cub_256"], golden["cub_224"], golden["ilsvrc_boxes"]
    boxes, sizes = rows[:, :4], rows[:, 4:]
    np.testing.assert_array_equal(scale_truth(boxes, sizes, "bas"), cub)
    uncropped = dataclasses.replace(PRESETS["bas"].truth, resize=224)
    uncropped = dataclasses.replace(PRESETS["bas"], truth=uncropped)
    np.testing.assert_array_equal(scale_truth(boxes, sizes, uncropped), cub_224)
    found = []
    for line in lines:
        image, corners = str(line).split(";")
        width, height = (int(side) for side in image.split()[1:])
        boxes = np.array(corners.split(), int).reshape(-1, 4)
        found.append(scale_truth(boxes, (height, width), "bas"))
    np.testing.assert_array_equal(np.concatenate(found), ilsvrc)


def test_tscam():
    with np.load(GOLDEN / "scm" / "gt_boxes.npz") as golden:
        arrays = dict(golden)
    # Its reader truncates position and size; the boxes are corners, in either precision.
    for cub in (arrays["cub/raw_xywh"], arrays["cub/raw_xywh"].astype(np.float64).round(1)):
        assert (cub % 1 > 0).any()
        corners = np.concatenate([cub[:, :2], cub[:, :2] + cub[:, 2:]], axis=1)
        found = scale_truth(corners, arrays["cub/size_wh"][:, ::-1], "tscam")
        np.testing.assert_array_equal(found, arrays["cub/gt"])
    sizes = np.repeat(arrays["ilsvrc/size_wh"][:, ::-1], arrays["ilsvrc/count"], axis=0)
    found = scale_truth(arrays["ilsvrc/raw_xyxy"], sizes, "tscam")
    np.testing.assert_array_equal(found, arrays["ilsvrc/gt"])


@pytest.mark.parametrize("case", range(4))
def test_stnet(case):
    with np.load(GOLDEN / "stnet" / "boxmath_01.npz") as golden:
        boxes, expected = golden[f"t{case}_boxes"], golden[f"t{case}_out"]
        size = golden[f"t{case}_size"][::-1]
    found = scale_truth(boxes, size, "stnet")
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5)  # stored as float32


def test_adl_by_hand():
    # 10 · 256 / 500 - 16 = -10.88, 20 · 256 / 400 - 16 = -3.2; neither floor nor clamp.
    found = scale_truth([[10, 20, 500, 399]], (400, 500), "adl")
    np.testing.assert_array_equal(found, [[-10, -3, 240, 239]])


def test_only_tscam_truncates_fractions_of_a_pixel_first():
    box = [[10.9, 0.0, 20.8, 4.0]]  # at 10, 9 wide
    assert scale_truth(box, (224, 224), "tscam").tolist() == [[10, 0, 19, 4]]
    assert scale_truth(box, (224, 224), "wsoleval").tolist() == [[10, 0, 20, 4]]


@pytest.mark.parametrize("size", [112, 224])
def test_wsoleval_and_tscam_differ_in_the_order_of_rounding(size):
    box = [[0, 0, 61, 61]]  # 61 / 224 · 224 is a little less than 61
    exact = 61 * 224 // size
    for rule, expected in {"wsoleval": exact, "tscam": exact - 1}.items():
        assert scale_truth(box, (size, size), rule).tolist() == [[0, 0, expected, expected]]


sides = st.integers(1, 1700)
corners = st.tuples(sides, sides, *[st.integers(0, 1800)] * 4).map(
    lambda t: (
        t[:2],
        (min(t[2], t[4]), min(t[3], t[5]), max(t[2], t[4]), max(t[3], t[5])),
    )
)
BY_HAND = {
    "wsoleval": lambda c, size, last: int(c * 224.0 / size),
    "adl": lambda c, size, last: int(c * 256 / size - 16),
    "tscam": lambda c, size, last: int(
        min(c / size * 224, 223) if last else max(c / size * 224, 0)
    ),
    "bas": lambda c, size, last: int(
        min(c / size * 256 - 16, 223) if last else max(c / size * 256 - 16, 0)
    ),
}


@settings(deadline=None)
@given(corners, st.sampled_from(sorted(BY_HAND)))
def test_one_coordinate_after_another(case, rule):
    (height, width), box = case
    expected = [
        BY_HAND[rule](coordinate, size, last)
        for coordinate, size, last in zip(
            box, (width, height, width, height), (False, False, True, True), strict=True
        )
    ]
    assert scale_truth([box], (height, width), rule).tolist() == [expected]


@settings(deadline=None)
@given(corners)
def test_stnet_keeps_the_shape_of_the_image(case):
    (height, width), box = case
    short = min(height, width)
    expected = []
    for coordinate, size in zip(box, (width, height) * 2, strict=True):
        side = 224 if size == short else int(224 * size / short)
        shifted = coordinate * side / size - round((side - 224) / 2)
        expected.append(min(max(shifted, 0), 224))
    found = scale_truth([box], (height, width), "stnet")[0]
    assert all(math.isclose(a, b, abs_tol=1e-9) for a, b in zip(found, expected, strict=True))


def test_no_boxes():
    assert scale_truth(np.zeros((0, 4)), np.zeros((0, 2)), "bas").shape == (0, 4)


@pytest.mark.parametrize(
    ("boxes", "sizes", "message"),
    [
        ([1, 2, 3, 4], (5, 5), "n × 4"),
        ([[1, 2, 3]], (5, 5), "n × 4"),
        ([[1, 2, 3, 4]], (5, 5, 3), "height, width"),
        ([[1, 2, 3, 4]], [(5, 5)] * 2, "one for each of the 1 boxes"),
        ([[1, 2, 3, 4]], (0, 5), "at least 1"),
        ([[1, 2, 3, 4]], (np.inf, 5), "at least 1"),
        ([[-1, 2, 3, 4]], (5, 5), r"got \[-1.0, 2.0"),
        ([[3, 2, 1, 4]], (5, 5), r"got \[3.0"),
        ([[1, 2, np.nan, 4]], (5, 5), "0 <= x0"),
        ([[1, 2, np.inf, 4]], (5, 5), "0 <= x0"),
    ],
)
def test_wrong_arguments(boxes, sizes, message):
    with pytest.raises(ValueError, match=message):
        scale_truth(boxes, sizes, "wsoleval")


def test_records_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TruthScaling().resize = 1
