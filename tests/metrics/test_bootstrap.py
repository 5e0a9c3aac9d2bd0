"""Intervals of every metric that counts."""

import keras
import numpy as np
import pytest

from tfwsol.metrics import (
    ClassificationAccuracy,
    CorLoc,
    InsertionDeletion,
    LocalizationAccuracy,
    MaxBoxAcc,
    PIoU,
    PointingGame,
    PxAP,
    SegmentationMeanIoU,
)


def right_and_wrong(right):
    """The arguments of ClassificationAccuracy for images that are right or not."""
    return np.zeros(len(right), int), np.stack([right, np.full(len(right), 0.5)], axis=1)


def test_intervals_of_a_share_are_near_the_binomial_s():
    right = np.arange(400) % 10 < 7
    metric = ClassificationAccuracy((1,), bootstrap=2000)
    metric.update_state(*right_and_wrong(right))
    (low, high) = metric.interval()["Top-1 Cls"]
    # Half of 95 % of a normal: 1.96 · sqrt(0.7 · 0.3 / 400) = 4.49 points.
    assert low == pytest.approx(70 - 4.49, abs=0.5)
    assert high == pytest.approx(70 + 4.49, abs=0.5)
    narrow = metric.interval(level=50.0)["Top-1 Cls"]
    assert low < narrow[0] < 70 < narrow[1] < high


def test_intervals_cover_the_truth_as_often_as_they_say():
    generator = np.random.default_rng(0)
    covered = 0
    for seed in range(80):
        metric = ClassificationAccuracy((1,), bootstrap=200, bootstrap_seed=seed)
        metric.update_state(*right_and_wrong(generator.random(150) < 0.6))
        low, high = metric.interval(90.0)["Top-1 Cls"]
        covered += low <= 60 <= high
    assert 63 <= covered <= 79  # 72 expected; three standard deviations are 8


def some(metric_class, generator, images):
    """The arguments of an update of a metric."""
    boxes = [[[20, 20, 120, 120]]] * images
    found = np.array([20, 20, 120, 120]) + generator.integers(0, 60, (images, 4))
    labels = generator.integers(0, 3, images)
    sizes = np.full((images, 2), 224)
    maps = np.kron(generator.integers(0, 5, (images, 7, 7)) / 4.0, np.ones((32, 32)))
    scores = generator.random((images, 3))
    masks = (generator.random(maps.shape) < maps).astype(np.uint8)
    class_maps = generator.random((images, 2, 6, 6))
    return {
        ClassificationAccuracy: (labels, scores),
        CorLoc: (found, boxes, None, labels),
        InsertionDeletion: (generator.random((images, 4)), generator.random((images, 4))),
        LocalizationAccuracy: (np.stack([found, found - 9], 1), boxes, None, labels, scores),
        MaxBoxAcc: (maps, boxes, sizes),
        PIoU: (maps, masks),
        PointingGame: (found[:, :2], boxes, None, labels),
        PxAP: (maps, masks),
        SegmentationMeanIoU: (
            class_maps,
            [np.array([0, 1])] * images,
            generator.integers(0, 3, (images, 6, 6)),
        ),
    }[metric_class]


SETTINGS = {
    ClassificationAccuracy: {"top_k": (1, 2)},
    CorLoc: {"num_classes": 3},
    InsertionDeletion: {"points": 4},
    LocalizationAccuracy: {"rule": "bas", "top_k": (1, 2), "thresholds": (0.1, 0.2)},
    MaxBoxAcc: {"step": 0.1},
    PIoU: {"step": 0.1},
    PointingGame: {"num_classes": 3},
    PxAP: {"step": 0.1},
    SegmentationMeanIoU: {"num_classes": 2},
}
each_metric = pytest.mark.parametrize("metric_class", SETTINGS)


@each_metric
def test_a_replica_is_scored_as_the_data_set_it_drew(metric_class):
    """Images repeated by hand, as often as a replica drew them, give the replica's result."""
    metric = metric_class(**SETTINGS[metric_class], bootstrap=3, bootstrap_seed=5)
    weights = metric._weights(6)
    arguments = some(metric_class, np.random.default_rng(0), 6)
    for part in (slice(0, 2), slice(2, 6)):
        metric.update_state(*(one if one is None else one[part] for one in arguments))
    expected = []
    for row in weights:
        repeated = metric_class(**SETTINGS[metric_class])
        picked = np.repeat(np.arange(6), row.astype(int))
        repeated.update_state(
            *(one if one is None else [one[index] for index in picked] for one in arguments)
        )
        expected.append(repeated._named(repeated.result()))
    found = list(metric._replica_results(metric_class.result))
    assert found == expected
    assert set(metric.interval()) == set(metric._named(metric.result()))


@each_metric
def test_replicas_are_no_part_of_the_result(metric_class):
    arguments = some(metric_class, np.random.default_rng(1), 5)
    plain = metric_class(**SETTINGS[metric_class])
    with_replicas = metric_class(**SETTINGS[metric_class], bootstrap=20)
    for metric in (plain, with_replicas):
        metric.update_state(*arguments)
    assert plain.result() == with_replicas.result()
    assert len(plain.variables) == len(with_replicas.variables) / 2
    with pytest.raises(RuntimeError, match="keeps no replicas"):
        plain.interval()


@each_metric
def test_saving_resetting_and_merging(metric_class):
    settings = SETTINGS[metric_class]
    arguments = some(metric_class, np.random.default_rng(2), 8)
    first = metric_class(**settings, bootstrap=40, bootstrap_seed=1)
    again = keras.metrics.deserialize(keras.metrics.serialize(first))
    assert again.get_config() == first.get_config()
    for metric in (first, again):
        metric.update_state(*arguments)
    interval = first.interval()
    assert again.interval() == interval
    with pytest.raises(ValueError, match=r"seeds of their own.*got bootstrap_seed=1 twice"):
        first.merge([again])
    assert first.num_images == 8
    first.reset_state()
    with pytest.raises(RuntimeError):
        first.interval()
    first.update_state(*arguments)
    assert first.interval() == interval
    other = metric_class(**settings, bootstrap=40, bootstrap_seed=2)
    other.update_state(*arguments)
    counts = keras.ops.convert_to_numpy
    before = [counts(variable) for variable in first.variables]
    first.merge([other])
    for mine, old, new in zip(first.variables, before, other.variables, strict=True):
        np.testing.assert_array_equal(counts(mine), old + counts(new))


def test_a_seed_that_was_merged_is_known():
    def counted(seed):
        metric = ClassificationAccuracy((1,), bootstrap=4, bootstrap_seed=seed)
        metric.update_state([0], [[1.0, 0.0]])
        return metric

    total = ClassificationAccuracy((1,), bootstrap=4, bootstrap_seed=1)
    total.merge([counted(1), counted(2)])  # the total itself has drawn nothing yet
    assert total.num_images == 2
    for seed in (1, 2):
        with pytest.raises(ValueError, match=f"bootstrap_seed={seed} twice"):
            total.merge([counted(seed)])
    with pytest.raises(ValueError, match="bootstrap_seed=3 twice"):
        total.merge([counted(3), counted(3)])
    total.merge([counted(3)])
    assert total.num_images == 3


def test_an_interval_of_another_statistic():
    metric = MaxBoxAcc((20,), step=0.25, bootstrap=60)
    metric.update_state(*some(MaxBoxAcc, np.random.default_rng(3), 30))
    worst = metric.thresholds[metric.accuracies()[0].argmin()]
    fixed = metric.interval(of=lambda one: one.result_at({20: worst}))
    chosen = metric.interval()
    # Choosing the threshold anew on each replica cannot lower a bound.
    assert fixed["MaxBoxAcc@20"] != chosen["MaxBoxAcc@20"]
    assert np.less_equal(fixed["MaxBoxAcc@20"], chosen["MaxBoxAcc@20"]).all()


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="not negative; got -1 and 0"):
        PxAP(bootstrap=-1)
    with pytest.raises(ValueError, match="between 0 and 100"):
        PxAP(bootstrap=1).interval(100)
    with pytest.raises(RuntimeError, match="No pixel"):
        PxAP(bootstrap=1).interval()


def test_replicas_without_the_object_are_left_out():
    metric = PxAP(0.5, bootstrap=50)
    metric.update_state(
        np.full((2, 2, 2), 0.75), np.array([[[1, 1], [1, 0]], [[0, 0], [0, 0]]]) > 0
    )
    low, high = metric.interval()["PxAP"]
    assert 0 < low <= high == 75
