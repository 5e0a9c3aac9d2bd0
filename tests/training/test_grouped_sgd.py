import keras
import numpy as np
import pytest

from tfwsol.training import GroupedSGD, StepDecay


def network(seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            keras.layers.Conv2D(3, 3, name="features", bias_initializer="ones"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, name="head", bias_initializer="ones"),
        ]
    )


def steps_of_numpy(weights, gradients, rates, momentum, nesterov, decays, factors):
    """TensorFlow 1's form: multiplier and decay go into the gradient before the momentum."""
    weights = [weight.astype(np.float64) for weight in weights]
    velocities = [np.zeros_like(weight) for weight in weights]
    for step, rate in enumerate(rates):
        for place, gradient in enumerate(gradients[step]):
            pushed = factors[place] * (gradient + decays[place] * weights[place])
            velocities[place] = momentum * velocities[place] + pushed
            move = pushed + momentum * velocities[place] if nesterov else velocities[place]
            weights[place] = weights[place] - rate * move
    return weights


def steps_of_pytorch(weights, gradients, rates, momentum, nesterov, decay, factors):
    """PyTorch's form: every weight decays, and a group has a rate of its own."""
    weights = [weight.astype(np.float64) for weight in weights]
    buffers = [None] * len(weights)
    for step, rate in enumerate(rates):
        for place, gradient in enumerate(gradients[step]):
            found = gradient + decay * weights[place]
            old = buffers[place]
            buffers[place] = found.copy() if old is None else momentum * old + found
            found = found + momentum * buffers[place] if nesterov else buffers[place]
            weights[place] = weights[place] - rate * factors[place] * found
    return weights


def random_gradients(weights, steps, seed=0):
    rng = np.random.default_rng(seed)
    return [[rng.normal(size=w.shape).astype(np.float32) for w in weights] for _ in range(steps)]


def run(optimizer, model, gradients):
    optimizer.build(model.trainable_variables)
    for step in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in step], model.trainable_variables)
    return [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_variables]


RATES = [0.1, 0.1, 0.01, 0.01]
COURSE = StepDecay(0.1, (1,)).schedule(steps_per_epoch=2, epochs=2)


@pytest.mark.parametrize("nesterov", [True, False])
def test_the_form_of_tensorflow_1(nesterov):
    model = network()
    start = [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_variables]
    assert [w.path.split("/")[-1] for w in model.trainable_variables] == [
        "kernel", "bias", "gamma", "beta", "kernel", "bias"
    ]  # fmt: skip
    gradients = random_gradients(start, 4)
    expected = steps_of_numpy(
        start, gradients, RATES, 0.9, nesterov, [0.3, 0, 0, 0, 0.3, 0], [0.1] * 4 + [1.0] * 2
    )
    optimizer = GroupedSGD(COURSE, 0.9, nesterov, 0.3, "kernels", {"(features|norm)/": 0.1})
    for found, right in zip(run(optimizer, model, gradients), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("nesterov", [True, False])
def test_the_form_of_pytorch(nesterov):
    model = network()
    start = [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_variables]
    gradients = random_gradients(start, 4)
    factors = [1.0] * 4 + [10.0] * 2
    expected = steps_of_pytorch(start, gradients, RATES, 0.9, nesterov, 0.3, factors)
    optimizer = GroupedSGD(COURSE, 0.9, nesterov, 0.3, "all", [("head", 10.0)])
    for found, right in zip(run(optimizer, model, gradients), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=2e-5, atol=1e-5)


def test_a_dropped_rate_acts_at_once_on_the_old_velocity():
    """Keras' own SGD would go on with a velocity of the old rate: 1 → 0.9 → 0.9 − 0.1·0.9 …"""
    weight = keras.Variable(1.0)
    optimizer = GroupedSGD(
        StepDecay(0.1, (1,)).schedule(1, 2), momentum=0.5, nesterov=False, multipliers=()
    )
    optimizer.build([weight])
    optimizer.apply([keras.ops.convert_to_tensor(1.0)])
    assert float(weight) == pytest.approx(0.9)
    optimizer.apply([keras.ops.convert_to_tensor(0.0)])
    assert float(weight) == pytest.approx(0.9 - 0.01 * 0.5)


def test_depthwise_kernels_decay_and_the_first_group_counts():
    model = keras.Sequential(
        [keras.Input((4, 4, 2)), keras.layers.SeparableConv2D(2, 3, name="apart")]
    )
    optimizer = GroupedSGD(decay=0.5, multipliers=[("apart/depth", 2.0), ("apart", 3.0)])
    optimizer.build(model.trainable_variables)
    assert optimizer._decays == [0.5, 0.5, 0.0]
    assert [optimizer.multiplier(w.path) for w in model.trainable_variables] == [2.0, 3.0, 3.0]
    assert optimizer.multiplier("elsewhere/kernel") == 1.0


def test_it_comes_back_from_its_configuration():
    optimizer = GroupedSGD(COURSE, 0.8, False, 1e-4, "all", {"head": 10}, use_ema=True)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is GroupedSGD
    assert again.get_config() == optimizer.get_config()
    assert again.multipliers == [("head", 10.0)]


def test_it_works_in_keras_own_fit():
    model = network()
    model.compile(GroupedSGD(0.05, decay=1e-3, multipliers={"head": 10}), "mse", jit_compile=True)
    images = np.random.default_rng(0).normal(size=(16, 5, 5, 2)).astype("float32")
    losses = model.fit(images, images[:, 0, 0], epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_a_group_that_is_found_nowhere_is_refused():
    with pytest.raises(ValueError, match=r"'fc' is found in no weight's name; .* features, norm"):
        GroupedSGD(multipliers={"fc": 10}).build(network().trainable_variables)


@pytest.mark.parametrize(
    "arguments",
    [{"momentum": 1.0}, {"decay": -1.0}, {"multipliers": {"a": -1}}, {"decay_form": "some"}],
)
def test_numbers_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match=r"lies from 0|one of"):
        GroupedSGD(**arguments)
