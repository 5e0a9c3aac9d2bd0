"""The compiled operation and its twin against OpenCV, asked once per level."""

import functools
from itertools import pairwise

import cv2
import numpy as np
import pytest

from tfwsol.ops import box_sweep, box_sweep_twin

EVERY_LEVEL = np.arange(256, dtype=np.int32)


def smooth(rng, cells, height, width):
    shape = (width, height)
    drawn = cv2.resize(rng.random((cells, cells)), shape, interpolation=cv2.INTER_CUBIC)
    return (255 * drawn.clip(0, 1)).astype(np.uint8)


def rings(height, width, values):
    """Squares inside one another, so that every second one is a hole or an island."""
    y, x = np.indices((height, width))
    depth = np.minimum(np.minimum(y, height - 1 - y), np.minimum(x, width - 1 - x))
    return np.asarray(values, np.uint8)[depth % len(values)]


def blobs(rng, height, width):
    """A few soft spots, with a hollow in some."""
    y, x = np.indices((height, width))
    drawn = np.zeros((height, width))
    for _ in range(rng.integers(1, 6)):
        centre, reach = rng.random(2) * (height, width), rng.uniform(1, 6)
        distance = np.hypot(y - centre[0], x - centre[1]) / reach
        peak = np.exp(-np.square(distance - rng.choice([0, 1, 2])))
        drawn = np.maximum(drawn, rng.random() * peak)
    return (255 * drawn).astype(np.uint8)


def equal_blocks(rng, height, width):
    """Blocks of one size and few values on dark ground: ties of area at every level."""
    side = rng.integers(1, 4)
    values = rng.choice(
        [0, 0, 90, 180, 255], (-(-height // side) // 2 + 1, -(-width // side) // 2 + 1)
    )
    spread = np.zeros((2 * values.shape[0], 2 * values.shape[1]))
    spread[::2, ::2] = values
    return np.kron(spread, np.ones((side, side)))[:height, :width]


@functools.cache
def pictures(seed):
    """One picture of each kind, by name."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(2, 26, 2)
    noise = rng.integers(0, 256, (height, width))
    checkers = np.indices((height, width)).sum(axis=0) % 2 * 200
    kinds = {
        "noise": noise,
        "few values": rng.integers(0, 4, (height, width)) * 80,
        "sparse": noise * (rng.random((height, width)) < 0.1),
        "nearly full": np.where(rng.random((height, width)) < 0.1, 0, noise),
        "smooth": smooth(rng, 5, height, width),
        "plateaus": smooth(rng, 7, height, width) // 50 * 50,
        "one row": noise[:1],
        "one column": noise[:, :1],
        "one pixel": noise[:1, :1],
        "constant": np.full((height, width), rng.integers(1, 256)),
        "zero": np.zeros((height, width)),
        "full scale": np.full((height, width), 255),
        "checkers": checkers,
        "checkers on a slope": checkers // 2 + noise.mean(axis=0, keepdims=True) // 2,
        "nested rings": rings(height, width, [200, 0]),
        "uneven rings": rings(height, width, [90, 30, 255, 0, 160]),
        "dark frame": rings(height, width, [0, 120, 60, 250]),
        "blobs": blobs(rng, height, width),
        "equal blocks": equal_blocks(rng, height, width),
        "holes": np.where(rng.random((height, width)) < 0.2, rng.integers(0, 3) * 60, 220),
    }
    return {name: np.asarray(picture, np.uint8) for name, picture in kinds.items()}


def opencv_boxes(picture, level, multi_contour):
    """The straightforward way, with all contours of the tree."""
    bright = (picture > level).astype(np.uint8)
    contours = cv2.findContours(bright, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]
    if not multi_contour:
        areas = [cv2.contourArea(contour) for contour in contours]
        contours = [contours[int(np.argmax(areas))]] if areas else []
    rectangles = [cv2.boundingRect(contour) for contour in contours]
    return sorted((x, y, x + w, y + h) for x, y, w, h in rectangles)


def lists(boxes, splits):
    """The boxes of each threshold in a fixed order, so that they can be compared."""
    assert boxes.dtype == np.int32
    assert splits.dtype == np.int64
    assert splits[0] == 0
    assert splits[-1] == len(boxes)
    rows = [tuple(box) for box in boxes.tolist()]
    return [sorted(rows[a:b]) for a, b in pairwise(splits)]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("multi_contour", [False, True])
@pytest.mark.parametrize("kind", pictures(0))
def test_every_level_is_opencv_s(kind, multi_contour):
    for seed in range(4):
        picture = pictures(seed)[kind]
        found = lists(*box_sweep(picture[None], EVERY_LEVEL[None], multi_contour))
        assert found == [opencv_boxes(picture, level, multi_contour) for level in EVERY_LEVEL]


@pytest.mark.parametrize("multi_contour", [False, True])
@pytest.mark.parametrize("height", [1, 2, 3, 5, 8, 13, 21])
@pytest.mark.usefixtures("compiled")
def test_the_operation_and_its_twin_agree_on_thousands_of_maps(height, multi_contour):
    rng = np.random.default_rng(height)
    values = rng.integers(1, 256, (400, 1, 1))
    maps = rng.integers(0, 256, (400, height, 17)) % (values + 1)
    maps = (maps * (rng.random(maps.shape) < rng.random((400, 1, 1)))).astype(np.uint8)
    levels = (rng.integers(-1, 256, (400, 10)) % (values[:, 0] + 2) - 1).astype(np.int32)
    found = box_sweep(maps, levels, multi_contour)
    assert lists(*found) == lists(*box_sweep_twin(maps, levels, multi_contour))


@pytest.mark.parametrize("multi_contour", [False, True])
@pytest.mark.parametrize("kind", pictures(0))
@pytest.mark.usefixtures("compiled")
def test_the_operation_and_its_twin_agree_on_every_kind(kind, multi_contour):
    for seed in range(100, 200):
        picture = pictures(seed)[kind][None]
        levels = np.random.default_rng(seed).integers(-1, 256, (1, 30), dtype=np.int32)
        found = box_sweep(picture, levels, multi_contour)
        assert lists(*found) == lists(*box_sweep_twin(picture, levels, multi_contour)), seed


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("multi_contour", [False, True])
def test_maps_of_a_usual_size_are_opencv_s(multi_contour):
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, (2, 120, 170), dtype=np.uint8)
    maps = np.concatenate([noise, [smooth(rng, cells, 120, 170) for cells in (7, 14, 28)]])
    levels = np.tile(np.arange(5, 255, 13, dtype=np.int32), (len(maps), 1))
    wanted = [
        opencv_boxes(picture, level, multi_contour)
        for picture, row in zip(maps, levels, strict=True)
        for level in row
    ]
    assert lists(*box_sweep(maps, levels, multi_contour)) == wanted


def drawn(*rows):
    return np.array([[10 * int(letter) for letter in row] for row in rows], np.uint8)[None]


def one(picture, level, multi_contour):
    (found,) = lists(*box_sweep(picture, np.array([[level]], np.int32), multi_contour))
    return found


@pytest.mark.usefixtures("both_ways")
class TestByHand:
    def test_a_hole_s_box_is_that_of_its_rim(self):
        ring = drawn("00000", "03330", "03030", "03330", "00000")
        assert one(ring, 0, True) == [(1, 1, 4, 4), (1, 1, 4, 4)]
        assert one(ring, 0, False) == [(1, 1, 4, 4)]

    def test_an_island_in_a_hole_counts(self):
        island = drawn("33333", "30003", "30203", "30003", "33333")
        assert one(island, 0, True) == [(0, 0, 5, 5), (0, 0, 5, 5), (2, 2, 3, 3)]
        assert one(island, 25, True) == [(0, 0, 5, 5), (0, 0, 5, 5)]

    def test_a_bay_is_no_hole(self):
        assert one(drawn("333", "300", "333"), 0, True) == [(0, 0, 3, 3)]

    def test_corners_join_bright_pixels_and_not_dark_ones(self):
        diamond = drawn("010", "101", "010")
        assert one(diamond, 0, True) == [(0, 0, 3, 3), (0, 0, 3, 3)]

    def test_area_is_of_the_polygon_and_not_of_the_pixels(self):
        line_and_square = drawn("1111110", "0000000", "0000011", "0000011")
        assert one(line_and_square, 0, False) == [(5, 2, 7, 4)]

    def test_among_equals_the_one_that_begins_last_wins(self):
        assert one(drawn("10001", "00000", "01000"), 0, False) == [(1, 2, 2, 3)]
        assert one(drawn("10001"), 0, False) == [(4, 0, 5, 1)]

    def test_an_equal_that_grows_upwards_loses_its_lead(self):
        picture = drawn("10000", "20002")
        assert one(picture, 15, False) == [(4, 1, 5, 2)]
        assert one(drawn("00001", "20002"), 15, False) == [(4, 1, 5, 2)]
        assert one(drawn("00001", "20002"), 5, False) == [(0, 1, 1, 2)]

    def test_the_level_itself_is_not_bright(self):
        assert one(drawn("123"), 20, True) == [(2, 0, 3, 1)]
        assert one(drawn("123"), 30, True) == []

    def test_levels_beyond_the_scale(self):
        assert one(drawn("00", "00"), -7, True) == [(0, 0, 2, 2)]
        assert one(drawn("00", "00"), -1, False) == [(0, 0, 2, 2)]
        assert one(np.full((1, 2, 2), 255, np.uint8), 254, False) == [(0, 0, 2, 2)]
        assert one(np.full((1, 2, 2), 255, np.uint8), 255, False) == []
        assert one(np.full((1, 2, 2), 255, np.uint8), 2**31 - 1, True) == []

    def test_levels_come_in_any_order_and_repeat(self):
        levels = np.array([[25, 5, 300, 25, -1, 15]], np.int32)
        found = lists(*box_sweep(drawn("1230"), levels, True))
        full, two, last = [(0, 0, 4, 1)], [(1, 0, 3, 1)], [(2, 0, 3, 1)]
        assert found == [last, [(0, 0, 3, 1)], [], last, full, two]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("grey", "levels", "rows"),
    [
        ((0, 3, 3), (0, 4), 0),
        ((2, 3, 3), (2, 0), 0),
        ((2, 0, 3), (2, 4), 8),
        ((2, 3, 0), (2, 1), 2),
    ],
)
def test_nothing_gives_no_box(grey, levels, rows):
    boxes, splits = box_sweep(np.zeros(grey, np.uint8), np.full(levels, -1, np.int32), True)
    assert boxes.shape == (0, 4)
    assert splits.tolist() == [0] * (rows + 1)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("multi_contour", [False, True])
def test_a_batch_gives_what_its_images_give(multi_contour):
    rng = np.random.default_rng(3)
    maps = np.stack([smooth(rng, cells, 30, 20) for cells in range(2, 12)])
    levels = rng.integers(-1, 256, (10, 30), dtype=np.int32)
    boxes, splits = box_sweep(maps, levels, multi_contour)
    alone = [box_sweep(maps[i : i + 1], levels[i : i + 1], multi_contour) for i in range(10)]
    np.testing.assert_array_equal(boxes, np.concatenate([found for found, _ in alone]))
    counts = np.concatenate([np.diff(found) for _, found in alone])
    np.testing.assert_array_equal(np.diff(splits), counts)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("grey", "levels", "message"),
    [
        (np.zeros((2, 3), np.uint8), np.zeros((2, 1), np.int32), "grey is uint8, batch"),
        (np.zeros((2, 3, 3)), np.zeros((2, 1), np.int32), "grey is .* got float64"),
        (np.zeros((2, 3, 3), np.uint8), np.zeros(2, np.int32), "levels is int32, 2 images"),
        (np.zeros((2, 3, 3), np.uint8), np.zeros((3, 1), np.int32), "levels is int32, 2 images"),
        (np.zeros((2, 3, 3), np.uint8), np.zeros((2, 1)), "levels is .* got float64"),
    ],
)
def test_a_wrong_argument_is_named(grey, levels, message):
    with pytest.raises(ValueError, match=message):
        box_sweep(grey, levels, True)
