import io

import numpy as np
import pytest
from PIL import Image

from tfwsol.data.preparation.picture import PictureError
from tfwsol.data.preparation.segmentation import classes_in, read_segmentation, segmentation_masks

VALUES = np.array([[0, 1, 255], [20, 0, 20]], np.uint8)


def png(values, mode="L"):
    image = Image.fromarray(values)
    if mode == "P":
        # White, then black: a colour says the opposite of its index.
        image.putpalette([255 - entry // 3 for entry in range(768)])
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, "png")
    return buffer.getvalue()


def values_of(data):
    image = Image.open(io.BytesIO(data))
    assert image.mode == "L"
    return np.asarray(image).tolist()


@pytest.mark.parametrize("mode", ["P", "L"])
def test_indices_are_read_not_colours(mode):
    np.testing.assert_array_equal(read_segmentation(png(VALUES, mode)), VALUES)
    assert classes_in(png(VALUES, mode)) == (0, 19)


def test_a_palette_of_few_colours():
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    buffer = io.BytesIO()
    image.save(buffer, "png", bits=2)
    assert read_segmentation(buffer.getvalue()).tolist() == [[0, 1], [2, 1]]


def test_masks_follow_from_classes():
    found = segmentation_masks([png(VALUES, "P")], (2, 3))
    assert {key: values_of(data) for key, data in found.items()} == {
        "segmentation": VALUES.tolist(),
        "mask": [[0, 1, 0], [1, 0, 1]],
        "ignore_mask": [[0, 0, 1], [0, 0, 0]],
    }


def test_without_a_file_all_is_unknown():
    found = segmentation_masks([], (2, 3))
    assert set(found) == {"segmentation", "mask", "ignore_mask"}
    assert all(values_of(data) == [[255] * 3] * 2 for data in found.values())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (png(np.zeros((2, 3), np.uint8), "RGB"), "holds colours"),
        (png(VALUES)[:-30], "damaged"),
        (b"", "damaged"),
        (png(np.zeros((3, 2), np.uint8)), "is 2 × 3 pixels, the picture 3 × 2"),
    ],
)
def test_what_is_wrong_is_said(data, message):
    with pytest.raises(PictureError, match=message):
        segmentation_masks([data], (2, 3))
