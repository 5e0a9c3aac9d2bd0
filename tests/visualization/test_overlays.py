"""Maps over photographs."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tfwsol import Localization
from tfwsol.visualization import overlay

GOLDEN = Path(__file__).parents[1] / "golden" / "l2caf" / "heatmap.npz"
RANDOM = np.random.default_rng(0)


def record(maps, regions=None):
    maps = np.asarray(maps, np.float32)
    ids = np.zeros(maps.shape[:2], np.int32)
    return Localization(maps, ids, np.zeros((len(maps), 3), np.float32), (224, 224), regions)


def picture(height, width):
    return RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("case", range(3))
def test_equals_the_reference_rendering(case):
    with np.load(GOLDEN) as golden:
        score_map, image = golden[f"{case}.mask"], golden[f"{case}.image"]
        expected = golden[f"{case}.blend_u8"].astype(int)
    (result,) = overlay([image], record(score_map[None, None]))
    assert result.shape == (1, *image.shape)
    difference = np.abs(result[0, ::3, ::3] - expected)
    assert difference.mean() < 0.15
    assert difference.max() <= 1


def test_every_image_keeps_its_own_size():
    images = [picture(30, 50), picture(61, 7), picture(1, 1)]
    results = overlay(images, record(RANDOM.random((3, 2, 4, 5))))
    assert [result.shape for result in results] == [(2, 30, 50, 3), (2, 61, 7, 3), (2, 1, 1, 3)]
    assert all(result.dtype == np.uint8 for result in results)


def test_a_batch_equals_its_singles_and_leaves_the_images_alone():
    images = np.stack([picture(20, 31) for _ in range(3)])
    before, maps = images.copy(), RANDOM.random((3, 2, 4, 5))
    together = overlay(images, record(maps))
    for i in range(3):
        np.testing.assert_array_equal(
            together[i], overlay(images[i : i + 1], record(maps[i][None]))[0]
        )
    np.testing.assert_array_equal(images, before)


def test_a_region_leaves_the_rest_plain():
    image = picture(40, 60)
    score_map = RANDOM.random((1, 1, 3, 4))
    (result,) = overlay([image], record(score_map, np.array([[10, 5, 50, 35.0]])))
    (inside,) = overlay([image[5:35, 10:50]], record(score_map))
    expected = image.copy()
    expected[5:35, 10:50] = inside[0]
    np.testing.assert_array_equal(result[0], expected)


def test_the_whole_image_as_a_region_changes_nothing():
    image, score_map = picture(33, 20), RANDOM.random((1, 2, 7, 7))
    whole = overlay([image], record(score_map, np.array([[0, 0, 20, 33.0]])))
    np.testing.assert_array_equal(whole[0], overlay([image], record(score_map))[0])


def test_regions_may_reach_beyond_the_image():
    image, score_map = picture(20, 20), RANDOM.random((1, 1, 4, 4))
    (result,) = overlay([image], record(score_map, np.array([[-10, 0, 30, 20.0]])), alpha=1.0)
    assert (result[0] != image).any(axis=-1).mean() > 0.95
    (missed,) = overlay([image], record(score_map, np.array([[30, 0, 50, 20.0]])))
    np.testing.assert_array_equal(missed[0], image)
    with pytest.raises(ValueError, match="start < stop"):
        overlay([image], record(score_map, np.array([[5, 0, 5, 20.0]])))


def test_a_constant_map_is_the_lowest_colour():
    (result,) = overlay([picture(8, 9)], record(np.ones((1, 1, 3, 3))), alpha=1.0)
    np.testing.assert_array_equal(result[0], np.broadcast_to([0, 0, 255], (8, 9, 3)))


def test_symmetric_shows_zero_white():
    signed = np.array([[[[0.0, 0.0], [0.0, -1.0]]]])
    (result,) = overlay([picture(2, 2)], record(signed), alpha=1.0, symmetric=True)
    np.testing.assert_allclose(result[0, 0, 0], [255] * 3, atol=2)
    np.testing.assert_array_equal(result[0, 1, 1], [0, 0, 255])


def test_video_maps_lie_on_their_frames():
    frames, maps = np.stack([picture(8, 9) for _ in range(3)]), RANDOM.random((1, 2, 3, 4, 4))
    (result,) = overlay([frames], record(maps))
    assert result.shape == (2, 3, 8, 9, 3)
    (single,) = overlay([frames[1]], record(maps[:, :, 1]))
    np.testing.assert_array_equal(result[:, 1], single)


def test_tensors_are_accepted():
    image, maps = picture(10, 11), RANDOM.random((1, 1, 3, 3)).astype(np.float32)
    plain = record(maps, np.array([[1, 1, 9, 9.0]]))
    tensors = Localization(
        keras.ops.convert_to_tensor(plain.maps),
        keras.ops.convert_to_tensor(plain.class_ids),
        keras.ops.convert_to_tensor(plain.scores),
        (224, 224),
        keras.ops.convert_to_tensor(plain.regions),
    )
    np.testing.assert_array_equal(overlay([image], tensors)[0], overlay([image], plain)[0])


def test_as_many_images_as_records():
    with pytest.raises(ValueError, match="2 images for 1 rows"):
        overlay([picture(3, 3)] * 2, record(np.ones((1, 1, 2, 2))))
