import numpy as np
import pytest
from PIL import Image

from tfwsol.evaluation.true_masks import label_image, read_label_image


def test_the_object_wins_over_what_is_ignored():
    mask, ignore = np.array([[1, 0, 1, 0]]), np.array([[1, 1, 0, 0]])
    np.testing.assert_array_equal(label_image(mask, ignore), [[1, 255, 1, 0]])
    np.testing.assert_array_equal(label_image(mask), [[1, 0, 1, 0]])
    # 255 says that nobody drew one.
    np.testing.assert_array_equal(label_image(mask, np.full((1, 4), 255)), [[1, 0, 1, 0]])
    assert (label_image(np.full((1, 4), 255), ignore).numpy() == 255).all()


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
