import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfwsol.data.views import Resize, ResizeCrop, ShortSide, TenCrop, see

BOXES = np.array([[30, 20, 70, 45], [60, 50, 95, 72]], np.float32)
COLOURS = np.array([[255, 0, 0], [0, 0, 255]], np.uint8)
VIEWS = [
    Resize(48),
    ResizeCrop(64, 56),
    ResizeCrop(64, 56, "random"),
    ResizeCrop(64, 40, "bottom_left"),
    ShortSide(64, 56),
    ShortSide(64, 56, "random"),
    ShortSide(200, 160),
]


def example():
    image = np.zeros((80, 120, 3), np.uint8)
    mask = np.zeros((80, 120), np.uint8)
    for number, (x0, y0, x1, y1) in enumerate(BOXES.astype(int)):
        image[y0:y1, x0:x1] = COLOURS[number]
        mask[y0:y1, x0:x1] = number + 1
    return {
        "image": tf.constant(image),
        "boxes": tf.constant(BOXES),
        "mask": tf.constant(mask),
        "ignore_mask": tf.constant(1 - mask.clip(max=1)),
        "image_id": tf.constant("a"),
    }


def inner_and_outer(box, size):
    """Slices of the pixels that are certainly inside a box, and of those that may be."""
    (x0, y0, x1, y1), (height, width) = box, size
    inner = (
        slice(max(int(y0 + 2), 0), max(int(y1 - 1), 0)),
        slice(max(int(x0 + 2), 0), max(int(x1 - 1), 0)),
    )
    outer = (
        slice(max(int(y0 - 2), 0), min(int(y1 + 3), height)),
        slice(max(int(x0 - 2), 0), min(int(x1 + 3), width)),
    )
    return inner, outer


@pytest.mark.parametrize("mirror", [0.9, 0.1])
@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_boxes_and_masks_move_with_the_picture(view, mirror):
    seen = see(view, example(), tf.constant([0.3, 0.8, mirror]))
    image, mask = seen["image"].numpy(), seen["mask"].numpy()
    assert image.shape[:2] == mask.shape
    for number, box in enumerate(seen["view_boxes"].numpy()):
        channel = image[..., 2 * number]
        inner, outer = inner_and_outer(box, mask.shape)
        assert channel[inner].size > 40
        np.testing.assert_allclose(channel[inner], 255, atol=0.01)
        assert (mask[inner] == number + 1).all()
        channel[outer] = 0
        np.testing.assert_allclose(channel, 0, atol=0.01)
        mask[outer] = 0
    assert not mask.any()


@pytest.mark.parametrize("mirror", [0.9, 0.1])
@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_regions_lead_back_to_the_original(view, mirror):
    seen = see(view, example(), tf.constant([0.3, 0.8, mirror]))
    height, width = seen["image"].shape[:2]
    region, boxes = seen["region"].numpy(), seen["view_boxes"].numpy()
    shares = boxes / np.array([width, height] * 2)
    back = region[[0, 1, 0, 1]] + shares * (region[[2, 3, 2, 3]] - region[[0, 1, 0, 1]])
    if mirror < 0.5:
        back = back[:, [2, 1, 0, 3]]
    np.testing.assert_allclose(back, BOXES, atol=1e-4)


def test_what_a_view_adds_and_keeps():
    before = example()
    seen = see(ResizeCrop(64, 56), before)
    assert set(seen) == {*before, "region", "image_size", "view_boxes"}
    assert seen["image"].dtype == tf.float32
    assert seen["image"].shape == (56, 56, 3)
    assert seen["ignore_mask"].shape == (56, 56)
    assert seen["image_size"].numpy().tolist() == [80, 120]
    np.testing.assert_array_equal(seen["boxes"], BOXES)
    assert "view_boxes" not in before


def test_whole_and_central_views_by_hand():
    np.testing.assert_array_equal(see(Resize(40), example())["region"], [0, 0, 120, 80])
    # 16 of 256 pixels are cut off on every side.
    seen = see(ResizeCrop(256, 224), example())
    np.testing.assert_array_equal(seen["region"], [7.5, 5, 112.5, 75])
    # The long side is int(256 * 120 / 80) = 384; 80 and 16 pixels are cut off.
    np.testing.assert_array_equal(see(ShortSide(256, 224), example())["region"], [25, 5, 95, 75])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(5, 256), st.integers(1, 256))
def test_short_sides_and_centres_are_those_of_the_protocol(height, width, resize, crop):
    crop = min(crop, resize)
    placement = ShortSide(resize, crop).placement(tf.constant([height, width]), tf.ones(3))
    short = min(height, width)
    sides = [resize if side == short else int(resize * side / short) for side in (height, width)]
    assert placement.resized.numpy().tolist() == sides
    offset = [int(round((side - crop) / 2)) for side in sides]  # noqa: RUF046
    assert placement.offset.numpy().tolist() == offset


@pytest.mark.parametrize("view", [ResizeCrop(256, 224, "random"), ShortSide(256, 224, "random")])
def test_random_places_reach_both_ends_evenly(view):
    draws = np.random.default_rng(0).random((4000, 3), np.float32)
    draws[0], draws[1] = 0, np.nextafter(np.float32(1), np.float32(0))
    original = tf.constant([100, 100])
    places = tf.vectorized_map(lambda draw: view.placement(original, draw).offset, draws).numpy()
    counts = np.bincount(places[:, 0], minlength=33)
    assert len(counts) == 33
    # 4000 / 33 = 121 each; four standard deviations are 44.
    assert abs(counts - 121).max() < 44
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.06


def test_ten_crops_are_corners_and_centre_then_their_mirrors():
    seen = see(TenCrop(ResizeCrop(64, 56)), example())
    assert seen["image"].shape == (10, 56, 56, 3)
    assert "mask" not in seen
    assert "view_boxes" not in seen
    places = ("top_left", "top_right", "bottom_left", "bottom_right", "centre")
    for number, where in enumerate(places):
        one = see(ResizeCrop(64, 56, where), example())
        np.testing.assert_array_equal(seen["image"][number], one["image"])
        np.testing.assert_array_equal(seen["image"][number + 5], one["image"][:, ::-1])
        np.testing.assert_array_equal(seen["region"][number], one["region"])
        np.testing.assert_array_equal(
            seen["region"][number + 5], one["region"].numpy()[[2, 1, 0, 3]]
        )
    # 8 of 64 pixels are left free, which are 15 of the original's 120 and 10 of its 80.
    np.testing.assert_array_equal(seen["region"][3], [15, 10, 120, 80])


def test_all_boxes_and_masks_are_carried_along():
    more = {**example(), "part_boxes": tf.constant(BOXES[:1]), "part_mask": example()["mask"]}
    more["segmentation"] = more["mask"]
    seen = see(Resize(40), more)
    np.testing.assert_array_equal(seen["view_part_boxes"], seen["view_boxes"][:1])
    np.testing.assert_array_equal(seen["part_mask"], seen["mask"])
    np.testing.assert_array_equal(seen["segmentation"], seen["mask"])


def test_a_random_view_needs_draws():
    with pytest.raises(ValueError, match="needs draws"):
        see(ResizeCrop(where="random"), example())


@pytest.mark.parametrize("make", [lambda: ResizeCrop(200, 224), lambda: Resize(0)])
def test_impossible_sides(make):
    with pytest.raises(ValueError, match="A view has a side of 1 to"):
        make()


def test_unknown_places():
    with pytest.raises(ValueError, match=r"or random; got 'center'"):
        ResizeCrop(where="center")
