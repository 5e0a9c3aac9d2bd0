"""What only the TensorFlow operation has: tensors, shapes, threads."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

GREY, LEVELS = np.zeros((2, 3, 4), np.uint8), np.zeros((2, 5), np.int32)
WRONG = [
    (GREY[0], LEVELS, "grey is batch × height × width; got .*3.*4"),
    (GREY[0, 0, 0], LEVELS, "grey is batch × height × width"),
    (GREY, LEVELS[0], "levels is batch × thresholds; got .*5"),
    (GREY, LEVELS[:1], "levels has one row per image of grey; got .*1,5.* for .*2,3,4"),
]


@pytest.mark.parametrize(("grey", "levels", "message"), WRONG)
def test_a_malformed_argument_is_named(compiled, grey, levels, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        compiled.tfwsol_box_sweep(grey, levels, multi_contour=True)


@pytest.mark.parametrize(("grey", "levels", "message"), WRONG)
def test_a_function_is_refused_when_it_is_traced(compiled, grey, levels, message):
    function = tf.function(lambda: compiled.tfwsol_box_sweep(grey, levels, multi_contour=True))
    with pytest.raises(ValueError, match=message):
        function()


@pytest.mark.parametrize(("grey", "levels", "message"), WRONG)
def test_unknown_shapes_are_checked_when_they_are_known(compiled, grey, levels, message):
    unknown = tf.TensorSpec(None, tf.uint8), tf.TensorSpec(None, tf.int32)

    @tf.function(input_signature=unknown)
    def function(grey, levels):
        return compiled.tfwsol_box_sweep(grey, levels, multi_contour=False)

    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        function(grey, levels)


def test_a_function_knows_the_shapes_of_its_results(compiled):
    @tf.function
    def function(grey, levels):
        boxes, splits = compiled.tfwsol_box_sweep(grey, levels, multi_contour=True)
        assert boxes.shape.as_list() == [None, 4]
        assert splits.shape.as_list() == [11]
        return boxes, splits

    boxes, splits = function(GREY, LEVELS)
    assert boxes.shape == (0, 4)
    assert splits.shape == (11,)


def test_it_maps_over_a_data_set(compiled):
    maps = np.random.default_rng(0).integers(0, 256, (6, 9, 9), dtype=np.uint8)
    levels = np.tile(np.arange(0, 250, 50, dtype=np.int32), (6, 1))
    data = tf.data.Dataset.from_tensor_slices((maps, levels)).batch(2)
    parts = [boxes for boxes, _ in data.map(lambda g, t: sweep(compiled, g, t))]
    np.testing.assert_array_equal(np.concatenate(parts), sweep(compiled, maps, levels)[0])


def sweep(compiled, maps, levels):
    return compiled.tfwsol_box_sweep(maps, levels, multi_contour=True)


THREADS = """
import hashlib, numpy as np
from tfwsol.ops import box_sweep
maps = np.random.default_rng(1).integers(0, 256, (37, 40, 30), dtype=np.uint8)
levels = np.tile(np.arange(256, dtype=np.int32), (37, 1))
digest = hashlib.sha256()
for multi_contour in (False, True):
    for array in box_sweep(maps, levels, multi_contour):
        digest.update(array.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.usefixtures("compiled")
def test_the_number_of_threads_changes_nothing():
    def with_threads(count):
        environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": str(count)}
        command = [sys.executable, "-c", THREADS]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return run.stdout.strip()

    one = with_threads(1)
    assert len(one) == len(hashlib.sha256().hexdigest())
    assert with_threads(4) == one
