import numpy as np
import pytest
import tensorflow as tf

from tfwsol import backbones
from tfwsol.evaluation.benchmarks.naive_loop import naive_filters
from tfwsol.graph import split
from tfwsol.methods import L2CAF


@pytest.mark.parametrize("layer", ["features", "relu3"])
def test_the_yardstick_finds_what_the_reference_solver_finds(layer):
    model = backbones.build("critter_net", input_shape=(24, 32, 3), seed=3)
    images = np.random.default_rng(0).uniform(0, 255, (2, 24, 32, 3)).astype("float32")
    body, tail = split(model, layer)
    ids = tf.constant([4, 1])
    naive = naive_filters(tail, body(images), ids, iterations=30)
    method = L2CAF(
        model, layer, solver="reference", max_iterations=30, tolerance=0.0, sign="signed"
    )
    found = method.localize(images, ids.numpy())
    assert np.ptp(naive) > 0.1
    np.testing.assert_allclose(naive, found.maps[:, 0], atol=2e-5)
