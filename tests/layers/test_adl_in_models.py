"""ADL put into built models: weights kept, inference identical, training, saving, loading."""

import functools
import importlib.util
import pathlib
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
from keras import layers

from tfwsol import graph
from tfwsol.layers import ADL

SUBCLASSED = pathlib.Path(__file__).with_name("subclassed_network.py")

# Three places each, the last one right before the global average.
PLACES = {
    "VGG16": ("block3_pool", "block4_pool", "block5_conv3"),
    "ResNet50": ("conv4_block1_out", "conv5_block1_out", "conv5_block3_out"),
    "MobileNetV2": ("block_6_expand_relu", "block_13_expand_relu", "out_relu"),
    "DenseNet121": ("pool3_conv", "pool4_conv", "relu"),
    "EfficientNetB0": ("block4a_expand_activation", "block6a_expand_activation", "top_activation"),
}


def images_of(model, count=2):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, *model.input_shape[1:])).astype("float32")


def functional():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    x = layers.BatchNormalization(name="norm")(x)
    return keras.Model(image, layers.Dense(2, name="logits")(layers.GlobalAveragePooling2D()(x)))


def nested():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    backbone = keras.Model(image, layers.BatchNormalization(name="norm")(x), name="backbone")
    outer = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(backbone(outer))
    return keras.Model(outer, layers.Dense(2, name="logits")(x))


def layers_of(model, kind):
    flat = model._flatten_layers(include_self=False, recursive=True)
    return [layer for layer in flat if isinstance(layer, kind)]


def assert_kept(model, with_adl, places):
    """The same variables in the same order, and inference to the last bit."""
    assert len(layers_of(with_adl, ADL)) == places
    assert not layers_of(model, ADL)
    assert [id(v) for v in with_adl.weights] == [id(v) for v in model.weights]
    x = images_of(model)
    before = np.asarray(model(x, training=False))
    np.testing.assert_array_equal(with_adl(x, training=False), before)
    return before


@pytest.mark.parametrize(("make", "place"), [(functional, "norm"), (nested, "backbone/conv")])
def test_insertion_keeps_weights_and_inference(make, place):
    model = make()
    with_adl = graph.insert_after(model, {place: lambda: ADL(1.0, 0.5)})
    before = assert_kept(model, with_adl, 1)
    assert np.abs(np.asarray(with_adl(images_of(model), training=True)) - before).max() > 1e-4


@pytest.mark.parametrize(
    ("make", "jit"), [(functional, False), (functional, True), (nested, False)]
)
def test_fit_learns_through_both_branches(make, jit):
    keras.utils.set_random_seed(0)
    model = graph.insert_after(make(), {"conv": lambda: ADL(0.5, seed=1)})
    rng = np.random.default_rng(0)
    images = rng.normal(size=(32, 8, 8, 3)).astype("float32")
    labels = (images[..., 0].mean(axis=(1, 2)) > 0).astype("int32")
    images[..., 0] += labels[:, None, None] * 2
    before = np.asarray(layers_of(model, layers.Conv2D)[0].kernel)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, jit_compile=jit)
    history = model.fit(images, labels, batch_size=8, epochs=12, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
    assert np.abs(np.asarray(layers_of(model, layers.Conv2D)[0].kernel) - before).max() > 1e-3


def test_fit_in_mixed_precision():
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = graph.insert_after(functional(), {"norm": ADL})
    finally:
        keras.config.set_dtype_policy("float32")
    assert layers_of(model, ADL)[0].compute_dtype == "bfloat16"
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    loss = model.fit(images_of(model, 8), rng.normal(size=(8, 2)), epochs=2, verbose=0)
    assert np.isfinite(loss.history["loss"]).all()


def subclassed():
    """A network of a user's own, which has no graph."""
    spec = importlib.util.spec_from_file_location("subclassed_network", SUBCLASSED)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Residual(classes=2)


def with_adl_inside(model, rate=1.0, gamma=0.5):
    places = ("stem/1", "blocks/0/relu", "blocks/1")
    return graph.insert_after(model, {place: lambda: ADL(rate, gamma) for place in places})


def subclassed_images():
    return np.random.default_rng(0).normal(size=(16, 12, 12, 3)).astype("float32")


def test_a_subclassed_model_keeps_weights_and_inference():
    model, images = subclassed(), subclassed_images()
    before = np.asarray(model(images))
    trained_alone = np.asarray(model(images, training=True))
    with_adl = with_adl_inside(model)
    assert [id(v) for v in with_adl.weights] == [id(v) for v in model.weights]
    np.testing.assert_array_equal(with_adl(images, training=False), model(images))
    dropped = np.asarray(with_adl(images, training=True))
    assert np.abs(dropped - trained_alone).max() > 1e-3
    assert not layers_of(model, ADL)
    assert len(layers_of(with_adl, ADL)) == 3
    assert np.abs(np.asarray(model(images)) - before).max() > 0, "moving averages are shared"


def test_a_subclassed_model_draws_once_for_every_call():
    """By hand: ADL behind the stem alone is the network on a stem that was dropped."""
    model, images = subclassed(), subclassed_images()
    with_adl = graph.insert_after(model, {"stem": lambda: ADL(1.0, 0.5)})
    model(images)
    dropped = ADL(1.0, 0.5)(model.stem(images), training=True)
    expected = model.behind_the_stem(dropped, training=True)
    np.testing.assert_allclose(with_adl(images, training=True), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("jit", [False, True])
def test_a_subclassed_model_learns_with_adl_inside(jit):
    keras.utils.set_random_seed(0)
    model, images = subclassed(), subclassed_images()
    labels = np.arange(16) % 2
    images[labels == 1, :, :6] += 2
    with_adl = with_adl_inside(model, 0.5, 0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with_adl.compile(keras.optimizers.SGD(0.05, 0.9), loss, jit_compile=jit)
    history = with_adl.fit(images, labels, batch_size=8, epochs=15, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
    np.testing.assert_array_equal(with_adl(images), model(images))


def run_python(code, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_networks_of_keras_applications(name, tmp_path):
    keras.utils.set_random_seed(0)
    make = getattr(keras.applications, name)
    model = make(weights=None, input_shape=(64, 64, 3), pooling="avg", include_top=False)
    model = keras.Model(model.input, layers.Dense(5, name="logits")(model.output))
    # The maps of an untrained network are so flat that γ = 0.8 drops most of them entirely.
    rates = zip(PLACES[name], (1.0, 0.75, 0.0), strict=True)
    factories = {place: functools.partial(ADL, rate, 1.0) for place, rate in rates}
    with_adl = graph.insert_after(model, factories)
    assert_kept(model, with_adl, 3)
    images, labels = images_of(model), np.array([0, 1])
    kernel = layers_of(model, layers.Conv2D)[0].kernel
    start = np.asarray(kernel)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with_adl.compile(keras.optimizers.SGD(0.01), loss)
    assert np.isfinite(with_adl.train_on_batch(images, labels))
    assert np.abs(np.asarray(kernel) - start).max() > 0
    trained = assert_kept(model, with_adl, 3)
    with_adl.save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x=images, y=trained)
    code = """
        import sys, numpy as np, keras, tfwsol
        data = np.load(sys.argv[1] + "/data.npz")
        model = keras.saving.load_model(sys.argv[1] + "/model.keras")
        assert sum(type(layer) is tfwsol.layers.ADL for layer in model.layers) == 3
        model.train_on_batch(data["x"], np.array([0, 1]))
        model = keras.saving.load_model(sys.argv[1] + "/model.keras")
        print(abs(model(data["x"], training=False) - data["y"]).numpy().max())
    """
    assert float(run_python(code, tmp_path)) <= 1e-5 * max(1, np.abs(trained).max())


@pytest.mark.slow
def test_a_fresh_process_loads_a_subclassed_model(tmp_path):
    """Where layers have other names than here, since Keras counts them anew."""
    subclassed()
    model, images = subclassed(), subclassed_images()
    model(images)
    with_adl = with_adl_inside(model, 0.5)
    with_adl.compile("sgd", "mse")
    with_adl.fit(images, np.zeros((16, 2)), verbose=0)
    with_adl.save(tmp_path / "model.keras")
    trained = np.asarray(with_adl(images, training=False))
    np.savez(tmp_path / "data.npz", x=images, y=trained)
    code = """
        import runpy, sys, numpy as np, keras, tfwsol
        runpy.run_path(sys.argv[2])
        data = np.load(sys.argv[1] + "/data.npz")
        model = keras.saving.load_model(sys.argv[1] + "/model.keras")
        found = model._flatten_layers(include_self=False, recursive=True)
        assert sum(type(layer) is tfwsol.layers.ADL for layer in found) == 3
        assert list(model.inserted) == ["stem/1", "blocks/0/relu", "blocks/1"]
        error = abs(model(data["x"], training=False) - data["y"]).numpy().max()
        losses = [float(model.train_on_batch(data["x"], np.ones((16, 2)))) for _ in range(8)]
        assert losses[-1] < losses[0], losses
        print(error)
    """
    error = float(run_python(code, tmp_path, SUBCLASSED))
    assert error <= 1e-5 * max(1, np.abs(trained).max())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["functional", "subclassed"])
def test_two_replicas_draw_as_one_device_does(kind):
    """With a seed all replicas take the branch that one device takes, so the losses agree."""
    code = """
        import sys, keras, numpy as np, tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
        from tfwsol.graph import insert_after
        from tfwsol.layers import ADL

        class Subclassed(keras.Model):
            def __init__(self, conv, pool):
                super().__init__()
                self.conv = conv
                self.norm = keras.layers.BatchNormalization(synchronized=True)
                self.pool = pool

            def call(self, images, training=None):
                return self.pool(self.norm(self.conv(images), training=training))

        def trained(strategy):
            keras.utils.set_random_seed(0)
            with strategy.scope():
                conv = keras.layers.Conv2D(3, 1, activation="relu")
                pool = keras.layers.GlobalAveragePooling2D()
                if sys.argv[1] == "functional":
                    image = keras.Input((4, 4, 2))
                    model = keras.Model(image, pool(conv(image)))
                else:
                    model = Subclassed(conv, pool)
                model = insert_after(model, {conv.name: ADL(0.5, seed=1)})
                model.compile(keras.optimizers.SGD(0.5), "mse")
            rng = np.random.default_rng(0)
            data = rng.normal(size=(8, 4, 4, 2)), rng.normal(size=(8, 3))
            model.fit(*data, batch_size=8, epochs=12, shuffle=False, verbose=0)
            return conv.kernel.numpy()

        one = trained(tf.distribute.get_strategy())
        both = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
        print(abs(one - both).max())
    """
    assert float(run_python(code, kind)) < 1e-5
