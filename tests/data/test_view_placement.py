import cv2
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfwsol.data.view_placement import Placement

SIZES = [(375, 500, 256), (500, 333, 224), (100, 77, 256), (900, 1200, 224), (300, 1000, 64)]


def whole(height, width, side, mirrored=False):
    return Placement(
        tf.constant([height, width]),
        tf.constant([side, side]),
        tf.constant([0, 0]),
        (side, side),
        tf.constant(mirrored),
    )


@pytest.mark.parametrize(("height", "width", "side"), SIZES)
def test_images_are_resized_as_pillow_does(height, width, side):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    pillow = Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR)
    difference = np.abs(whole(height, width, side).image(picture) - np.asarray(pillow, np.float32))
    assert difference.max() < 1.0
    assert difference.mean() < 0.32


def test_an_image_of_the_right_size_stays_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(whole(64, 64, 64).image(picture), picture)


def test_a_window_is_cut_out_of_the_resized_image():
    picture = np.random.default_rng(0).integers(0, 256, (75, 100, 3), dtype=np.uint8)
    window = Placement(
        tf.constant([75, 100]),
        tf.constant([64, 80]),
        tf.constant([3, 10]),
        (48, 56),
        tf.constant(False),
    )
    resized = tf.image.resize(picture, [64, 80], antialias=True)
    np.testing.assert_allclose(window.image(picture), resized[3:51, 10:66], atol=2e-3)


# 104 of the sizes up to 1699 break with one multiplication instead of two divisions,
# 117 breaks with whole numbers.
@pytest.mark.parametrize("side", [36, 58, 102, 117, 224, 333, 400, 800, 1600])
def test_masks_show_the_pixels_that_opencv_picks(side):
    mask = np.random.default_rng(side).integers(0, 2, (side, side + 3), dtype=np.uint8)
    nearest = cv2.resize(mask, (224, 224), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_array_equal(whole(side, side + 3, 224).mask(mask), nearest)
    mirrored = whole(side, side + 3, 224, mirrored=True).mask(mask)
    np.testing.assert_array_equal(mirrored, nearest[:, ::-1])


@pytest.mark.parametrize("size", [(100, 150), (800, 600), (117, 36)])
def test_masks_may_be_larger_or_smaller_than_the_picture(size):
    mask = np.random.default_rng(0).integers(0, 2, size, dtype=np.uint8)
    nearest = cv2.resize(mask, (224, 224), interpolation=cv2.INTER_NEAREST)
    np.testing.assert_array_equal(whole(300, 400, 224).mask(mask), nearest)


def test_boxes_and_region_by_hand():
    # 200 × 400 pixels at half the height and a quarter of the width; the window starts at (5, 10).
    window = Placement(
        tf.constant([200, 400]),
        tf.constant([100, 100]),
        tf.constant([5, 10]),
        (80, 60),
        tf.constant(False),
    )
    np.testing.assert_array_equal(window.boxes([[40.0, 30.0, 101.0, 200.0]]), [[0, 10, 15.25, 95]])
    np.testing.assert_array_equal(window.region(), [40, 10, 280, 170])


def test_mirrored_boxes_and_region_by_hand():
    window = Placement(
        tf.constant([200, 400]),
        tf.constant([100, 100]),
        tf.constant([5, 10]),
        (80, 60),
        tf.constant(True),
    )
    np.testing.assert_array_equal(window.boxes([[40.0, 30.0, 101.0, 200.0]]), [[44.75, 10, 60, 95]])
    np.testing.assert_array_equal(window.region(), [280, 10, 40, 170])


def test_no_boxes_stay_no_boxes():
    assert whole(10, 10, 5).boxes(np.zeros((0, 4), np.float32)).shape == (0, 4)
