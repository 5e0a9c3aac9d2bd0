import json
import subprocess
import sys

import pytest

PROGRAM = """
import json

import keras
import tensorflow as tf

from tfwsol.layers import ADL, HideAndSeek
from tfwsol.training import Distribution
from tfwsol.training.replica_draws import draw_apart

(processor,) = tf.config.list_physical_devices("CPU")
devices = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(processor, devices)
distribution = Distribution("mirrored")
IMAGES = tf.reshape(tf.range(1.0, 33), (1, 4, 8, 1))


def outputs(make_layer):
    with distribution.scope():
        model = keras.Sequential([keras.Input((4, 8, 1)), make_layer()])
    alone = keras.models.clone_model(model)
    draw_apart(model)
    on_each = lambda: distribution._strategy.run(lambda: model(IMAGES, training=True))
    run = tf.function(on_each, autograph=False)
    shared = [run().values for _ in range(4)]
    return {
        "shared": [[part.numpy().tolist() for part in call] for call in shared],
        "alone": [alone(IMAGES, training=True).numpy().tolist() for _ in range(4)],
    }


layers = {
    "dropout": lambda: keras.layers.Dropout(0.5, seed=3),
    "has": lambda: HideAndSeek(2, seed=3),
    "adl": lambda: ADL(0.5, seed=3),
}
print(json.dumps({name: outputs(make) for name, make in layers.items()}))
"""


@pytest.fixture(scope="module")
def found():
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", ["dropout", "has"])
def test_what_is_drawn_for_each_example_differs_from_replica_to_replica(found, name):
    shared = found[name]["shared"]
    assert all(first != second for first, second in shared)
    assert len({json.dumps(part) for call in shared for part in call}) == 8, "and from call to call"


def test_what_is_drawn_for_a_batch_is_one_draw(found):
    shared = found["adl"]["shared"]
    assert all(first == second for first, second in shared)
    assert any(call != shared[0] for call in shared)


@pytest.mark.parametrize("name", ["dropout", "has", "adl"])
def test_the_first_replica_draws_what_one_device_draws(found, name):
    assert [first for first, _ in found[name]["shared"]] == found[name]["alone"]
