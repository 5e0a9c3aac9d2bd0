import subprocess
import sys

import numpy as np
import pytest

from tfwsol.metrics import PxAP

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
