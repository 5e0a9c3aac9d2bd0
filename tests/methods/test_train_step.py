"""A step of `fit`, on one device and on two."""

import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from tfwsol.methods import build


def network():
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    return keras.Model(image, x)


@pytest.fixture(scope="module")
def batch():
    images = np.random.default_rng(0).normal(size=(8, 8, 8, 3)).astype("float32")
    return images, np.arange(8) % 3


@pytest.mark.parametrize("method", ["cam", "acol"])
def test_metrics_are_of_the_method_and_of_the_first_logits(method, batch):
    model = build(method, network(), 3)
    wanted, logits = model.training_loss(*batch)
    right = (np.argmax(logits, axis=1) == batch[1]).mean()
    model.compile(keras.optimizers.SGD(0.0), metrics=["accuracy"], weighted_metrics=[])
    history = model.fit(*batch, batch_size=4, verbose=0).history
    assert history["loss"][0] == pytest.approx(float(wanted), rel=1e-5)
    assert history["accuracy"][0] == pytest.approx(right)


def test_weights_of_samples(batch):
    images, labels = batch
    weights = np.linspace(0, 2, 8).astype("float32")
    model = build("cam", network(), 3)
    wanted, _ = model.training_loss(images, labels, sample_weight=weights)
    model.compile(keras.optimizers.SGD(0.0))
    history = model.fit(images, labels, sample_weight=weights, batch_size=8, verbose=0).history
    assert history["loss"][0] == pytest.approx(float(wanted), rel=1e-5)


def test_options_of_keras_optimisers(batch):
    def trained(**options):
        model = build("cam", network(), 3)
        model.compile(keras.optimizers.SGD(0.1, **options))
        model.fit(*batch, batch_size=4, shuffle=False, verbose=0)
        return model

    plain, summed = trained(), trained(gradient_accumulation_steps=2)
    whole = build("cam", network(), 3)
    whole.compile(keras.optimizers.SGD(0.1))
    whole.fit(*batch, batch_size=8, verbose=0)
    kernel = [np.asarray(model.get_layer("conv").kernel) for model in (plain, summed, whole)]
    assert np.allclose(kernel[1], kernel[2], atol=1e-6)
    assert not np.allclose(kernel[0], kernel[1], atol=1e-6)


def test_a_scaled_loss_gives_the_same_step(batch):
    kernels = []
    for scaled in (False, True):
        model = build("cam", network(), 3)
        optimizer = keras.optimizers.SGD(0.1)
        if scaled:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=16.0)
        model.compile(optimizer)
        model.fit(*batch, batch_size=8, verbose=0)
        kernels.append(np.asarray(model.get_layer("conv").kernel))
    assert np.allclose(*kernels, atol=1e-6)


def test_nothing_is_learned_where_all_is_frozen(batch):
    model = build("cam", network(), 3)
    model.get_layer("conv").trainable = False
    model.compile(keras.optimizers.SGD(0.1))
    before = np.asarray(model.get_layer("conv").kernel)
    model.fit(*batch, verbose=0)
    assert np.array_equal(model.get_layer("conv").kernel, before)
    assert len(model.trainable_variables) == 2


@pytest.mark.slow
def test_two_replicas_make_the_step_of_one(batch, tmp_path):
    code = """
        import sys, numpy as np, keras, tensorflow as tf
        from tfwsol.methods import build
        cpu = tf.config.list_physical_devices("CPU")[0]
        half = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(cpu, [half, half])
        data = np.load(sys.argv[1])

        def trained(strategy):
            with strategy.scope():
                keras.utils.set_random_seed(0)
                image = keras.Input((8, 8, 3))
                x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(image)
                model = build("acol", keras.Model(image, x), 3)
                model.compile(keras.optimizers.SGD(0.1, momentum=0.9), metrics=["accuracy"])
            batches = tf.data.Dataset.from_tensor_slices((data["images"], data["labels"])).batch(8)
            history = model.fit(batches, epochs=3, verbose=0).history
            return [np.asarray(v) for v in model.trainable_variables], history

        one, first = trained(tf.distribute.get_strategy())
        two, second = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
        print(max(abs(a - b).max() for a, b in zip(one, two)))
        for name in ("loss", "accuracy"):
            print(max(abs(np.subtract(first[name], second[name]))))
    """
    np.savez(tmp_path / "data.npz", images=batch[0], labels=batch[1])
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "data.npz")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert max(float(line) for line in done.stdout.split()) < 1e-5, done.stdout
