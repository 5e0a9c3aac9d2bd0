import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfwsol.evaluation.true_masks import read_label_image, seen_label_image


def test_masks_in_a_pipeline():
    mask, ignore = np.eye(224, dtype=np.uint8), np.ones((10, 10), np.uint8)
    dataset = tf.data.Dataset.from_tensors((mask, ignore)).map(seen_label_image)
    (found,) = dataset.as_numpy_iterator()
    np.testing.assert_array_equal(found, np.where(np.eye(224, dtype=bool), 1, 255))
    assert dataset.element_spec == tf.TensorSpec((224, 224), tf.uint8)


def test_recorded_masks(golden, tmp_path):
    expected = golden("mask_dataset")
    for image in (0, 1, 17):
        height, width, instances = expected[f"shape_{image:03}"]
        keys = [f"mask_{image:03}_{i}" for i in range(instances)] + [f"ignore_{image:03}"]
        for key in keys:
            bits = np.unpackbits(expected[key], count=height * width).reshape(height, width)
            Image.fromarray(bits * np.uint8(255)).save(tmp_path / f"{key}.png")
        *masks, ignore = (f"{key}.png" for key in keys)
        found = read_label_image(tmp_path, masks, ignore)
        np.testing.assert_array_equal(found, expected["gt_mask"][image])


def test_files_that_are_missing_or_no_png(tmp_path):
    with pytest.raises(ValueError, match=r"There is no mask .*a.png; check --mask_dir"):
        read_label_image(tmp_path, ["a.png"])
    (tmp_path / "a.png").write_bytes(b"no png")
    with pytest.raises(ValueError, match="is not a PNG mask"):
        read_label_image(tmp_path, ["a.png"])
