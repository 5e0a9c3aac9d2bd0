import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfwsol.metrics import (
    ClassificationAccuracy,
    CorLoc,
    InsertionDeletion,
    LocalizationAccuracy,
    MaxBoxAcc,
    PointingGame,
    PxAP,
)

TWO_REPLICAS = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tfwsol.metrics import PxAP

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    metric = PxAP(0.1)
maps = np.random.default_rng(0).uniform(size=(7, 9, 9))
masks = maps > 0.3
whole = PxAP(0.1)
whole.update_state(maps, masks)
assert (whole.histogram % 2).any()  # an odd count is what does not divide among two

def step():
    replica = int(tf.distribute.get_replica_context().replica_id_in_sync_group)
    metric.update_state(maps[replica::2], masks[replica::2])

def outside():
    metric.update_state(maps, masks)

def in_scope():
    with strategy.scope():
        metric.update_state(maps, masks)

def merged():
    metric.merge([whole])

for way in (lambda: strategy.run(step), outside, in_scope, merged):
    way()
    np.testing.assert_array_equal(metric.histogram, whole.histogram)
    assert metric.summary() == whole.summary()
    metric.reset_state()
    assert metric.num_images == 0
"""


def test_counts_are_exact_under_a_strategy():
    subprocess.run([sys.executable, "-c", TWO_REPLICAS], check=True)


EVERY_REPLICA = """
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tfwsol.metrics import ClassificationAccuracy, LocalizationAccuracy, MaxBoxAcc

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
generator = np.random.default_rng(0)
maps = np.kron(generator.integers(0, 5, (7, 7, 7)) / 4.0, np.ones((32, 32)))
boxes = np.tile([20, 20, 120, 120], (7, 1, 1))
found = boxes[:, 0] + generator.integers(0, 60, (7, 4))
labels, scores = generator.integers(0, 3, 7), generator.random((7, 3))
sizes = np.full((7, 2), 224)
cases = [
    (lambda: MaxBoxAcc(step=0.1, bootstrap=40), (maps, boxes, sizes)),
    (lambda: LocalizationAccuracy("bas", bootstrap=40), (found, boxes, sizes, labels, scores)),
    (lambda: ClassificationAccuracy(bootstrap=40), (labels, scores)),
]
for make, arguments in cases:
    whole = make()
    for replica in (0, 1):  # as many draws in the order in which the replicas run
        whole.update_state(*(one[replica::2] for one in arguments))
    with strategy.scope():
        metric = make()

    def step():
        replica = int(tf.distribute.get_replica_context().replica_id_in_sync_group)
        metric.update_state(*(one[replica::2] for one in arguments))

    strategy.run(step)
    assert metric.summary() == whole.summary()
    for mine, theirs in zip(metric.variables, whole.variables, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (mine, theirs)))
    assert metric.interval() == whole.interval()
    with strategy.scope():
        assert metric.interval() == whole.interval()
"""


def test_replicas_of_a_strategy_draw_different_images():
    subprocess.run([sys.executable, "-W", "ignore", "-c", EVERY_REPLICA], check=True)


@pytest.mark.parametrize(
    ("metric", "shapes"),
    [
        (MaxBoxAcc(step=0.5), [(1, 224, 224), (1, 1, 4), (1, 2)]),
        (PxAP(0.5), [(1, 3, 3), (1, 3, 3)]),
        (LocalizationAccuracy("bas"), [(1, 4), (1, 1, 4), (1, 2), (1,), (1, 5)]),
        (ClassificationAccuracy(), [(1,), (1, 5)]),
        (InsertionDeletion(3), [(1, 3), (1, 3)]),
        (PointingGame(), [(1, 3, 3), (1, 1, 4), (1, 2), (1,)]),
        (CorLoc(), [(1, 4), (1, 1, 4), (1, 2), (1,)]),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_tensor_without_values_is_refused(metric, shapes):
    function = tf.function(metric.update_state)
    with pytest.raises(TypeError, match=r"inside a tf\.function there are none yet"):
        function(*(tf.zeros(shape) for shape in shapes))
    assert metric.num_images == 0


def half(seed):
    metric = PxAP(0.1)
    maps = np.random.default_rng(seed).uniform(size=(3, 5, 5))
    metric.update_state(maps, maps > 0.5)
    return metric


def test_many_are_merged_and_stay_as_they_are():
    parts = [half(seed) for seed in range(4)]
    before = [part.histogram for part in parts]
    merged = PxAP(0.1).merge(iter(parts))
    np.testing.assert_array_equal(merged.histogram, sum(before))
    assert merged.num_images == 12
    for part, histogram in zip(parts, before, strict=True):
        np.testing.assert_array_equal(part.histogram, histogram)


def test_nothing_is_merged_when_one_does_not_fit():
    merged = PxAP(0.1)
    with pytest.raises(ValueError, match="same settings"):
        merged.merge([half(0), PxAP(0.2)])
    assert merged.num_images == 0


def test_one_metric_may_stand_alone():
    assert PxAP(0.1).merge(half(0)).num_images == 3
