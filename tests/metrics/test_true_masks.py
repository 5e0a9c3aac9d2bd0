import cv2
import numpy as np
import pytest

from tfwsol.metrics import label_image
from tfwsol.metrics.true_masks import nearest


def test_wsolevaluation(golden):
    expected = golden("evaluation/mask_resize")
    cases = sum(name.startswith("shape") for name in expected)
    assert cases == 9
    for case in range(cases):
        height, width = expected[f"shape{case}"]
        mask = np.unpackbits(expected[f"in{case}"])[: height * width].reshape(height, width)
        wanted = np.unpackbits(expected[f"out{case}"]).reshape(224, 224)
        np.testing.assert_array_equal(nearest(mask), wanted)


def test_label_images_of_wsolevaluation(golden):
    expected = golden("evaluation/mask_dataset")
    for image, wanted in enumerate(expected["gt_mask"]):
        height, width, instances = expected[f"shape_{image:03d}"]

        def mask(name, shape=(height, width)):
            return np.unpackbits(expected[name])[: np.prod(shape)].reshape(shape)

        parts = [mask(f"mask_{image:03d}_{part}") for part in range(instances)]
        union = np.any(parts, axis=0) if parts else np.zeros((height, width))
        found = label_image(union, mask(f"ignore_{image:03d}"))
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, wanted)


def test_it_is_opencv_s_nearest_pixel():
    for size in (1, 36, 117, 224, 400, 800, 1600):
        row = np.random.default_rng(size).integers(0, 2, (1, size), dtype=np.uint8)
        wanted = cv2.resize(row, (224, 224), interpolation=cv2.INTER_NEAREST)
        np.testing.assert_array_equal(nearest(row), wanted)


def test_the_object_wins_over_what_is_ignored():
    found = label_image([[1, 1], [0, 0]], np.array([[1, 0], [0, 1]]), side=2)
    assert found.dtype == np.uint8
    assert found.tolist() == [[1, 1], [0, 255]]
    assert label_image(np.eye(2, dtype=bool), side=2).tolist() == [[1, 0], [0, 1]]


def test_where_nobody_looked_nothing_counts():
    unknown = np.full((2, 2), 255, np.uint8)
    assert label_image(unknown, side=2).tolist() == [[255, 255]] * 2
    assert label_image(unknown, np.ones((2, 2)), side=2).tolist() == [[255, 255]] * 2
    assert label_image(np.eye(2), unknown, side=2).tolist() == [[1, 0], [0, 1]]


def test_other_values_are_refused():
    with pytest.raises(ValueError, match=r"0, 1 and 255 for unknown; got \[0 3\]"):
        label_image([[0, 3]], side=2)


def test_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"height × width; got the shape \(1, 2, 3\)"):
        label_image(np.zeros((1, 2, 3)))
