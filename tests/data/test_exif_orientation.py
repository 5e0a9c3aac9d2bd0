import numpy as np
import pytest
from PIL import Image

from tfwsol.data.exif_orientation import exif_orientation, stored_boxes, stored_size
from tfwsol.data.photograph import read_image

HEIGHT, WIDTH = 30, 50
BOX = (7, 4, 19, 12)


def photograph(path, orientation):
    """A file with one white box, and a mark that says how it is to be turned."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    x0, y0, x1, y1 = BOX
    pixels[y0:y1, x0:x1] = 255
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_seen_in_the_upright_picture_is_found_in_the_file(tmp_path, orientation):
    path = photograph(tmp_path / "photo.png", orientation)
    upright = read_image(path)[..., 0] > 0
    rows, columns = np.nonzero(upright.any(axis=1))[0], np.nonzero(upright.any(axis=0))[0]
    seen = np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]])
    assert exif_orientation(path) == orientation
    assert stored_boxes(seen, upright.shape, orientation).tolist() == [list(BOX)]
    assert stored_size(upright.shape, orientation) == (HEIGHT, WIDTH)


@pytest.mark.parametrize("mark", [None, 0, 9])
def test_without_a_mark_that_means_something_nothing_is_turned(tmp_path, mark):
    path = photograph(tmp_path / "photo.png", mark)
    assert exif_orientation(path) == 1
    assert stored_boxes(np.array([BOX]), (HEIGHT, WIDTH), 1).tolist() == [list(BOX)]


def test_no_boxes_stay_none():
    assert stored_boxes(np.zeros((0, 4)), (HEIGHT, WIDTH), 6).shape == (0, 4)
