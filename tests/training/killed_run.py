"""A training that another process kills: slow enough to be caught in the middle of an epoch.

Run as `python killed_run.py <run directory>`, with the folder of the tests' conftest on the path.
"""

import sys
import time

import tensorflow as tf

from tfwsol import training


def course(data):
    """All that decides the outcome, of the killed run and of the others."""
    return {
        "data": data,
        "recipe": training.SGDRecipe(
            epochs=4,
            batch_size=4,
            learning_rate=training.CosineDecay(0.005, warmup_epochs=1),
            multipliers=(("head", 2.0),),
        ),
        "options": training.TrainingOptions(ema=0.9, save_every=4, log_every=1),
        "scores": {"val": score},
        "quiet": True,
    }


def score(model):
    """A number that needs no images."""
    return {"norm": float(tf.norm(model.get_layer("head").kernel))}


def slowed(data, seconds):
    """The same data, but each batch takes a while."""

    def wait(images, labels):
        pause = tf.py_function(lambda: time.sleep(seconds) or 0, [], tf.int32)
        with tf.control_dependencies([pause]):
            return tf.identity(images), labels

    def batches(*arguments):
        return data.batches(*arguments).map(wait)

    return training.TrainingData(data.examples, batches, data.identity)


if __name__ == "__main__":
    import importlib.util

    spec = importlib.util.spec_from_file_location("networks", sys.argv[2])
    networks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(networks)
    data = training.TrainingData.of_arrays(*networks._patterns(20))
    training.fit(
        lambda: networks._network("plain", draws="each"),
        run_dir=sys.argv[1],
        **course(slowed(data, 0.1)),
    )
