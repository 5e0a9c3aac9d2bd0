"""Contact sheets."""

import numpy as np
import pytest

from tfwsol import Localization
from tfwsol.visualization import SheetRow, contact_sheet, lay_out

RANDOM = np.random.default_rng(0)


def record(ids, axes=(4, 4)):
    ids = np.asarray(ids, np.int32)
    scores = np.zeros((len(ids), 10), np.float32)
    return Localization(RANDOM.random((*ids.shape, *axes)), ids, scores, (64, 64))


def plain(height, width, colour):
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, 3))


def extent(sheet, colour):
    """Returns (top, left, height, width) of the pixels of one colour."""
    ys, xs = np.nonzero((sheet == colour).all(axis=-1))
    return ys.min(), xs.min(), np.ptp(ys) + 1, np.ptp(xs) + 1


def test_pictures_stand_in_their_rows_and_columns():
    red, green, blue = [255, 0, 0], [0, 255, 0], [0, 0, 255]
    rows = [
        SheetRow([plain(20, 30, red), plain(20, 30, green)], "a", "b"),
        SheetRow([None, plain(50, 10, blue)]),
    ]
    sheet = lay_out(["Input", "Map"], rows)
    assert sheet.dtype == np.uint8
    first, second, third = (extent(sheet, colour) for colour in (red, green, blue))
    assert first[2:] == second[2:] == (20, 30)
    assert third[2:] == (50, 10)
    assert first[0] == second[0]
    assert first[1] + 30 < second[1] == third[1]
    assert third[0] > first[0] + 20
    assert (sheet[0] == 255).all()
    assert (sheet[:, 0] == 255).all()


def test_a_sheet_of_mixed_sizes_keeps_aspect_ratios():
    images = [plain(40, 80, [200, 10, 10]), plain(90, 30, [10, 200, 10])]
    sheet = contact_sheet(images, {"CAM": record([[0], [1]])}, ["cat", "dog"], ["a", "b"], cell=100)
    *_, height, width = extent(sheet, [200, 10, 10])
    assert width / height == pytest.approx(2, rel=0.03)
    *_, height, width = extent(sheet, [10, 200, 10])
    assert height / width == pytest.approx(3, rel=0.03)
    assert max(height, width) <= 150


def test_rows_per_class_and_columns_per_method():
    images = [plain(60, 60, [9, 9, 9])] * 2
    one = contact_sheet(images, {"CAM": record([[0], [1]])}, cell=60)
    two = contact_sheet(images, {"CAM": record([[0, 3], [1, 2]])}, cell=60)
    wide = contact_sheet(images, {"CAM": record([[0], [1]]), "B": record([[0], [1]])}, cell=60)
    assert two.shape[0] > one.shape[0] + 2 * 60
    assert two.shape[1] == one.shape[1]
    assert wide.shape[1] > one.shape[1] + 60
    assert wide.shape[0] == one.shape[0]


def test_labels_and_boxes_are_drawn():
    images, records = [plain(60, 60, [9, 9, 9])], {"CAM": record([[0]])}
    bare = contact_sheet(images, records, cell=120)
    named = contact_sheet(images, records, ["a cat"], cell=120)
    boxed = contact_sheet(images, records, boxes=[np.array([[10, 20, 40, 50]])], cell=120)
    assert bare.shape == named.shape == boxed.shape
    assert (bare != named).any()
    assert (bare != boxed).any()
    top, left, *_ = extent(bare, [9, 9, 9])
    changed = np.nonzero((bare != boxed).any(axis=-1)[:, left : left + 120])
    assert (changed[0].min() - top, changed[1].min()) == (39, 19)


def test_an_oblivious_map_appears_in_the_first_row_only():
    images = [plain(60, 60, [9, 9, 9])]
    records = {"CAM": record([[4, 7]]), "Oblivious": record([[-1]])}
    sheet = contact_sheet(images, records, alpha=0.0, cell=60)
    shown = (sheet == 9).all(axis=-1)
    # The input, two maps of classes, one map of all: every picture has 3600 pixels.
    assert shown.sum() == 4 * 3600
    first_row = np.flatnonzero(shown.any(axis=1))[:60]
    assert shown[first_row].sum() == 3 * 3600


def test_what_does_not_fit_together_is_refused():
    images = [plain(6, 6, [9, 9, 9])]
    with pytest.raises(ValueError, match="at least one method"):
        contact_sheet(images, {})
    with pytest.raises(ValueError, match="A and B differ"):
        contact_sheet(images, {"A": record([[1]]), "B": record([[2]])})
    with pytest.raises(ValueError, match="one image name per image, got 2 for 1"):
        contact_sheet(images, {"A": record([[1]])}, image_names=["a", "b"])
    with pytest.raises(ValueError, match="one frame at a time"):
        contact_sheet(images, {"A": record([[1]], (3, 4, 4))})
    with pytest.raises(ValueError, match="rows of 2 pictures"):
        lay_out(["a", "b"], [SheetRow([None])])
