"""Calls of layers, watched by one thread and as before for all others."""

import threading

import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.graph.watching import sub_layers, watching


def times(factor):
    return lambda layer, call: lambda inputs: call(inputs) * factor


@pytest.fixture
def model():
    return keras.Sequential([keras.Input((2,)), layers.Identity(), layers.Identity()])


def value(model):
    return float(np.max(model(np.ones((1, 2), "float32"))))


def test_the_outermost_watcher_is_nearest_to_the_layer(model):
    def plus_one(layer, call):
        return lambda inputs: call(inputs) + 1.0

    with watching(model, times(2.0)), watching(model, plus_one):
        assert value(model) == ((1 * 2 + 1) * 2) + 1
    assert value(model) == 1


def test_every_thread_has_watchers_of_its_own(model):
    """One begins after the other and lasts longer, as the replicas of a mirrored step do."""
    begun, ended = threading.Event(), threading.Event()
    found = []

    def other():
        found.append(value(model))
        with watching(model, times(3.0)):
            begun.set()
            ended.wait(10)
            found.append(value(model))
        found.append(value(model))

    thread = threading.Thread(target=other)
    with watching(model, times(2.0)):
        thread.start()
        assert begun.wait(10)
        assert value(model) == 4
    ended.set()
    thread.join()
    assert found == [1, 9, 1]
    assert not any("call" in vars(layer) for layer in [model, *sub_layers(model)])


def test_an_error_leaves_nothing_behind(model):
    def broken(layer, call):
        raise KeyError(layer.name)

    with pytest.raises(KeyError), watching(model, broken):
        value(model)
    assert not any("call" in vars(layer) for layer in [model, *sub_layers(model)])
    assert value(model) == 1
