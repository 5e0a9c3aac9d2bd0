"""An explainer is traced once per shape and keeps nothing of what it has seen."""

import gc
import itertools
import logging

import keras
import numpy as np
import psutil
import pytest
from keras import layers

from tfwsol.methods import CAM, L2CAF, GradCAM, LayerCAM

METHODS = {
    "exact": lambda model: L2CAF(model, solver="exact"),
    "lbfgs": lambda model: L2CAF(model, "middle", solver="lbfgs", max_iterations=4),
    "reference": lambda model: L2CAF(model, "middle", solver="reference", max_iterations=4),
    "gradcam": lambda model: GradCAM(model, "middle"),
    "layercam": LayerCAM,
    "cam": CAM,
}
CALLS = 200
CLASSES = 7


def network(seed=0):
    keras.utils.set_random_seed(seed)
    image = keras.Input((16, 20, 3))
    x = layers.Conv2D(4, 3, 2, activation="relu", padding="same", name="middle")(image)
    x = layers.Conv2D(8, 3, 2, activation="relu", padding="same")(x)
    return keras.Model(image, layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x)))


def questions():
    """Images and class ids as people give them; the endless cycle has two batch sizes."""
    rng = np.random.default_rng(0)
    images = {size: rng.normal(size=(size, 16, 20, 3)) for size in (2, 3)}
    ids = (
        lambda size: None,
        lambda size: 4,
        lambda size: list(range(size)),
        np.arange,
        lambda size: np.arange(size, dtype="int32")[:, None],
        lambda size: [[1]] * size,
    )
    forms = (np.float64, np.float32)
    cycle = [
        (images[size].astype(form), of(size)) for of in ids for form in forms for size in images
    ]
    return itertools.cycle(cycle), len(cycle)


def traces(method):
    forward = method._cut.compiled["forward"]
    return [f.experimental_get_tracing_count() for f in (forward, method._explain)]


@pytest.mark.parametrize("name", METHODS)
def test_many_calls_are_one_trace_per_shape_and_no_memory(name):
    method = METHODS[name](network())
    asked, length = questions()
    process = psutil.Process()
    for images, ids in itertools.islice(asked, 3 * length):
        result = method.localize(images, ids)
        assert np.isfinite(result.maps).all()
    assert traces(method) == [2, 2]
    gc.collect()
    objects, resident = len(gc.get_objects()), process.memory_info().rss
    for images, ids in itertools.islice(asked, CALLS):
        method.localize(images, ids)
    gc.collect()
    assert traces(method) == [2, 2]
    assert len(gc.get_objects()) - objects < CALLS // 2
    assert process.memory_info().rss - resident < 4 * 2**20


def test_another_number_of_classes_is_one_more_trace():
    method = GradCAM(network())
    images = np.zeros((2, 16, 20, 3), "float32")
    for _ in range(3):
        method.localize(images)
        method.localize(images, top_k=3)
        method.localize(images, [[1, 2, 3], [4, 5, 6]])
    assert traces(method) == [1, 2]


def test_class_oblivious_maps_are_one_trace():
    method = L2CAF(network(), objective="class_oblivious")
    for form in (np.float32, np.float64, np.float32):
        method.localize(np.zeros((2, 16, 20, 3), form))
    assert traces(method) == [1, 1]


def test_methods_at_one_layer_share_the_forward_trace():
    model = network()
    images = np.zeros((2, 16, 20, 3), "float32")
    methods = [GradCAM(model), CAM(model), L2CAF(model)]
    for method in methods:
        method.localize(images)
        assert traces(method) == [1, 1]


def test_many_explainers_are_not_taken_for_retracing():
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("tensorflow")
    logger.addHandler(handler)
    try:
        for seed in range(8):
            GradCAM(network(seed)).localize(np.zeros((1, 16, 20, 3), "float32"))
    finally:
        logger.removeHandler(handler)
    assert not [line for line in lines if "retracing" in line]
