import numpy as np
import pytest

from tfwsol.boxes import peaks


def test_by_hand():
    maps = np.zeros((3, 3, 3))
    maps[0, 1, 1] = maps[1, 0, 2] = 5.0
    maps[2] = -1.0
    # The centre cell's middle; the corner's plateau, first pixel; a constant map.
    found = peaks(maps, [[9, 15], [12, 12], [4, 4]])
    assert found.dtype == np.int64
    assert found.tolist() == [[7, 4], [10, 0], [0, 0]]


def test_a_map_at_the_size_of_its_image_keeps_its_peak():
    generator = np.random.default_rng(0)
    maps = generator.random((20, 11, 13))
    y, x = np.unravel_index(maps.reshape(20, -1).argmax(axis=1), (11, 13))
    np.testing.assert_array_equal(peaks(maps, [[11, 13]] * 20), np.stack([x, y], axis=1))


def test_no_maps():
    assert peaks(np.zeros((0, 3, 3)), np.zeros((0, 2))).shape == (0, 2)


@pytest.mark.parametrize(
    ("maps", "sizes", "message"),
    [
        (np.zeros((3, 3)), [[3, 3]], "batch × height × width"),
        (np.zeros((1, 3, 0)), [[3, 3]], "batch × height × width"),
        (np.zeros((1, 3, 3)), [3, 3], "whole pixels"),
        (np.zeros((1, 3, 3)), [[0, 3]], "whole pixels"),
        (np.zeros((1, 3, 3)), [[2.5, 3]], "whole pixels"),
        (np.full((1, 3, 3), np.inf), [[3, 3]], "no peak"),
    ],
)
def test_wrong_arguments(maps, sizes, message):
    with pytest.raises(ValueError, match=message):
        peaks(maps, sizes)
