import keras
import numpy as np
import pytest

from tfwsol.metrics import PointingGame


@pytest.mark.parametrize(
    ("point", "distance"),
    [
        ((10, 10), 0),
        ((19, 14), 0),  # the last pixel of the half-open box
        ((22, 12), 3),
        ((12, 5), 5),
        ((22, 18), 5),  # 3 to the right, 4 below
        ((6, 7), 5),
    ],
)
def test_distances(point, distance):
    boxes = [[[10, 10, 20, 15], [90, 90, 99, 99]]]
    mask = np.zeros((30, 30), bool)
    mask[10:15, 10:20] = True
    for tolerance in (distance, distance - 0.01):
        if tolerance < 0:
            continue
        metric = PointingGame(tolerance)
        for found in (
            metric.hits_of([point], boxes, None),
            metric.hits_of([point], None, None, masks=[mask]),
        ):
            assert found.tolist() == [tolerance == distance]


def test_the_peak_is_found_at_the_size_of_the_image():
    maps = np.zeros((2, 7, 7))
    maps[0, 3, 3] = maps[1, 0, 6] = 1
    boxes = [[[45, 31, 55, 39]], [[195, 0, 200, 5]]]
    metric = PointingGame(0)
    assert metric.hits_of(maps, boxes, [[70, 100], [140, 200]]).tolist() == [True, False]
    assert PointingGame(15).hits_of(maps, boxes, [[70, 100], [140, 200]]).all()


def test_of_equal_maxima_the_first_in_reading_order_counts():
    metric = PointingGame(0)
    flat = np.ones((1, 4, 4))
    assert metric.hits_of(flat, [[[0, 0, 1, 1]]], [[8, 8]]).all()
    assert not metric.hits_of(flat, [[[1, 0, 8, 8]]], [[8, 8]]).any()


def test_the_mean_is_over_classes():
    metric = PointingGame(0, num_classes=3)
    points = [[5, 5], [5, 5], [5, 5], [50, 50]]
    metric.update_state(points, [[[0, 0, 9, 9]]] * 4, None, np.array([0, 0, 0, 2]))
    assert metric.result() == {"PointingGame": 50.0, "PointingGame overall": 75.0}
    np.testing.assert_array_equal(metric.per_class(), [100, np.nan, 0])
    assert metric.summary()["tolerance"] == 0
    assert metric.summary()["images"] == 4


def test_saving_and_an_empty_batch():
    metric = keras.metrics.deserialize(keras.metrics.serialize(PointingGame(7, 5)))
    assert (metric.tolerance, metric.num_classes) == (7, 5)
    metric.update_state(np.zeros((0, 2)), [], None, np.zeros(0, int))
    metric.update_state(np.zeros((0, 3, 3)), None, np.zeros((0, 2)), [], masks=[])
    assert metric.num_images == 0


def test_bad_input_is_refused():
    metric = PointingGame()
    maps, boxes = np.zeros((1, 3, 3)), [[[0, 0, 2, 2]]]
    with pytest.raises(ValueError, match="either boxes or masks"):
        metric.update_state([[0, 0]], None, None, [0])
    with pytest.raises(ValueError, match="Maps need image sizes"):
        metric.update_state(maps, boxes, None, [0])
    with pytest.raises(ValueError, match="height and width in whole pixels"):
        metric.update_state(maps, boxes, [[0, 3]], [0])
    with pytest.raises(ValueError, match="no peak"):
        metric.update_state(maps * np.nan, boxes, [[3, 3]], [0])
    with pytest.raises(ValueError, match="at least one pixel"):
        metric.update_state([[0, 0]], None, None, [0], masks=[np.zeros((3, 3))])
    with pytest.raises(ValueError, match="one entry per map, 1; got 2"):
        metric.update_state([[0, 0]], None, None, [0], masks=[np.ones((3, 3))] * 2)
    with pytest.raises(ValueError, match="at least 0; got -1"):
        PointingGame(-1)
