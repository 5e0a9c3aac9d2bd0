"""Weights that the disk has no room for; HDF5 by itself would end the process."""

import errno
import resource

import keras
import numpy as np
import pytest

from tfwsol.checkpoints import save_weights


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((100,)), keras.layers.Dense(1000)])


@pytest.fixture
def no_room():
    """Files may not grow beyond 100 kB, which looks like a full disk."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, usual[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_what_is_written_is_what_keras_writes(model, tmp_path):
    save_weights(model, tmp_path / "w.weights.h5")
    assert [file.name for file in tmp_path.iterdir()] == ["w.weights.h5"]
    kernel = np.asarray(model.layers[0].kernel)
    model.layers[0].kernel.assign(kernel * 0)
    model.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(model.layers[0].kernel, kernel)


def test_a_full_disk_is_an_error_and_leaves_nothing(model, tmp_path, no_room):
    with pytest.raises(OSError, match="File too large") as raised:
        save_weights(model, tmp_path / "w.weights.h5")
    assert raised.value.errno == errno.EFBIG
    assert not list(tmp_path.iterdir())
