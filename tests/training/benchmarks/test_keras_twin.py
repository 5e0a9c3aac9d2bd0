import keras
import numpy as np
import tensorflow as tf

from tfwsol import training
from tfwsol.training.benchmarks.keras_twin import compiled, steps_of_fit
from tfwsol.training.training_step import TrainingStep


def network():
    keras.utils.set_random_seed(0)
    image = keras.Input((4,))
    return keras.Model(image, keras.layers.Dense(3)(image))


def test_both_make_the_same_steps():
    """At a steady rate and without weight decay, of which Keras has other forms."""
    recipe = training.SGDRecipe(5, 6, training.StepDecay(0.1, ()), weight_decay=0.0)
    random = np.random.default_rng(0)
    images = tf.constant(random.normal(size=(6, 4)), tf.float32)
    labels = tf.constant(random.integers(0, 3, 6))
    theirs, ours = compiled(network(), recipe, 2), network()
    optimizer = recipe.optimizer(2)
    optimizer.build(ours.trainable_variables)
    step = TrainingStep(ours, optimizer, training.Distribution(), 6)
    losses = [float(step(images, labels)[0]) / 6 for _ in range(5)]
    make = steps_of_fit(theirs, images, labels)
    np.testing.assert_allclose(make(2), np.mean(losses[:2]), rtol=1e-5)
    np.testing.assert_allclose(make(3), np.mean(losses), rtol=1e-5)
    assert int(theirs.optimizer.iterations) == 5
    for a, b in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_the_settings_are_the_recipes():
    recipe = training.SGDRecipe(5, 6, training.CosineDecay(0.1), weight_decay=3e-4)
    optimizer = compiled(network(), recipe, 2).optimizer
    assert (optimizer.momentum, optimizer.nesterov, optimizer.weight_decay) == (0.9, True, 3e-4)
    rates = [
        float(rate(5)) for rate in (optimizer._learning_rate, recipe.optimizer(2)._learning_rate)
    ]
    assert rates[0] == rates[1] < 0.1
