import numpy as np
import pytest
import tensorflow as tf

from tfwsol.training.augmentation import mirrored, shifted

IMAGE = np.arange(7 * 9 * 3, dtype=np.uint8).reshape(7, 9, 3)


def seed(number):
    return tf.constant([5, number], tf.int64)


def test_half_of_the_images_are_mirrored():
    found = [mirrored(tf.constant(IMAGE), seed(number)).numpy() for number in range(200)]
    kept = [np.array_equal(image, IMAGE) for image in found]
    turned = [np.array_equal(image, IMAGE[:, ::-1]) for image in found]
    assert all(a or b for a, b in zip(kept, turned, strict=True))
    assert 70 <= sum(turned) <= 130


def test_a_shift_moves_and_reflects():
    padded = np.pad(IMAGE, ((2, 2), (2, 2), (0, 0)), "reflect")
    windows = {padded[y : y + 7, x : x + 9].tobytes(): (y, x) for y in range(5) for x in range(5)}
    found = [shifted(tf.constant(IMAGE), seed(number), 2) for number in range(300)]
    assert all(image.dtype == tf.uint8 and image.shape == IMAGE.shape for image in found)
    places = [windows[image.numpy().tobytes()] for image in found]
    assert set(places) == set(windows.values()), "every shift from -2 to 2 occurs"


@pytest.mark.parametrize("change", [mirrored, lambda image, at: shifted(image, at, 3)])
def test_equal_seeds_make_equal_choices(change):
    first = [change(tf.constant(IMAGE), seed(number)).numpy() for number in range(20)]
    again = [change(tf.constant(IMAGE), seed(number)).numpy() for number in range(20)]
    np.testing.assert_array_equal(first, again)
    assert len({image.tobytes() for image in first}) > 1
