import keras
import numpy as np
import pytest

from tfwsol import Localization
from tfwsol.boxes import from_map, masks, of, otsu_thresholds, score_maps

WHOLE = (224, 224)


def record(maps, image_size=WHOLE, regions=None):
    maps = np.asarray(maps, np.float32)
    ids = np.zeros(maps.shape[:2], np.int32)
    scores = np.zeros((len(maps), 5), np.float32)
    return Localization(maps, ids, scores, image_size, regions)


@pytest.fixture
def maps():
    return np.random.default_rng(3).random((2, 3, 7, 7)).astype(np.float32)


@pytest.mark.parametrize("rule", ["wsoleval", "adl", "tscam", "bas"])
def test_boxes_in_the_view_are_the_rules_own(maps, rule):
    found = of(record(maps), rule, 0.4)
    assert found.dtype == np.float32
    assert found.shape == (2, 3, 4)
    for image in range(2):
        for label in range(3):
            scores = score_maps(maps[image, label], rule)
            assert scores.shape == WHOLE
            expected = from_map(scores, 0.4, False, rule)[0][0]
            np.testing.assert_array_equal(found[image, label], expected)


def test_regions_carry_boxes_to_the_original_image():
    gates = np.zeros((2, 1, 4, 8))
    gates[0, 0, 1:3, 2:4] = 1.0  # cells 2 … 3 of 8 and 1 … 2 of 4, both included
    gates[1, 0, 0, 0] = 1.0
    regions = np.array([[10, 20, 90, 60], [0, 0, 8, 4]], np.float32)
    found = of(record(gates, (40, 80), regions), "stnet", 1.0)
    np.testing.assert_array_equal(found, [[[30, 30, 50, 50]], [[0, 0, 1, 1]]])
    found = of(record(gates, (40, 80)), "stnet", 1.0)
    np.testing.assert_array_equal(found, [[[20, 10, 40, 30]], [[0, 0, 10, 10]]])


def test_a_view_of_another_size_scales_the_box(maps):
    small = of(record(maps), "tscam", 0.4)
    twice = of(record(maps, (448, 112)), "tscam", 0.4)
    np.testing.assert_allclose(twice, small * [0.5, 2, 0.5, 2], rtol=1e-6)


def test_one_threshold_per_map(maps):
    thresholds = np.array([[0.1, 0.4, 0.7], [0.2, 0.5, 0.8]])
    found = of(record(maps), "wsoleval", thresholds)
    for place in np.ndindex(2, 3):
        alone = of(record(maps), "wsoleval", thresholds[place])
        np.testing.assert_array_equal(found[place], alone[place])
    assert (found[0, 0] != of(record(maps), "wsoleval", 0.7)[0, 0]).any()
    chosen = otsu_thresholds(score_maps(maps))
    assert of(record(maps), "wsoleval", chosen).shape == (2, 3, 4)


def test_frames_stay_where_they_are(maps):
    regions = np.array([[0, 0, 10, 10], [10, 10, 20, 30]], np.float32)
    video = np.stack([maps, maps[..., ::-1]], axis=2)
    found = of(record(video, regions=regions), "bas", 0.5)
    assert found.shape == (2, 3, 2, 4)
    np.testing.assert_array_equal(found[:, :, 0], of(record(maps, regions=regions), "bas", 0.5))


def test_tensors_are_taken_too(maps):
    regions = np.array([[0, 0, 10, 10]] * 2, np.float32)
    plain = record(maps, regions=regions)
    tensors = Localization(
        keras.ops.convert_to_tensor(plain.maps),
        plain.class_ids,
        plain.scores,
        WHOLE,
        keras.ops.convert_to_tensor(regions),
    )
    np.testing.assert_array_equal(of(tensors, "tscam", 0.3), of(plain, "tscam", 0.3))
    np.testing.assert_array_equal(masks(tensors, 0.3), masks(plain, 0.3))


def test_masks_lie_in_the_view(maps):
    found = masks(record(maps, (30, 50)), 0.25)
    assert found.dtype == bool
    assert found.shape == (2, 3, 30, 50)
    np.testing.assert_array_equal(found, score_maps(maps, "wsoleval", (30, 50)) >= 0.25)
    assert masks(record(maps), 0).all()
    np.testing.assert_array_equal(masks(record(maps), 1).sum(axis=(-2, -1)), np.ones((2, 3)))


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_masks_need_a_share(maps, threshold):
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        masks(record(maps), threshold)


def test_boxes_need_a_share(maps):
    with pytest.raises(ValueError, match="'wsoleval' are numbers from 0 to 1"):
        of(record(maps), "wsoleval", 1.5)


def test_thresholds_fit_the_maps(maps):
    with pytest.raises(ValueError, match=r"broadcasts to \(2, 3\); got \(2,\)"):
        of(record(maps), "wsoleval", np.array([0.1, 0.2]))
