"""Small networks whose top-down pass runs without tracing, which takes longer than they do."""

import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture(autouse=True)
def eagerly():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(3, 12, 10, 3)).astype("float32")
