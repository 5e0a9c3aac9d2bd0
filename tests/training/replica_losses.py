"""The losses of a short training on two replicas, for the tests to compare with one device.

Run as `python replica_losses.py <strategy> <run directory> <conftest.py> <case> ...`. Under
"mirrored" it makes two devices of one processor; "multi_worker" expects TF_CONFIG.
"""

import importlib.util
import sys

import keras
import tensorflow as tf

from tfwsol import backbones, methods, training

RECIPE = training.SGDRecipe(
    epochs=2, batch_size=8, learning_rate=training.StepDecay(0.05, (1,)), weight_decay=1e-3
)
GENTLE = training.SGDRecipe(epochs=2, batch_size=8, learning_rate=training.StepDecay(1e-3, (1,)))
"""For published networks without trained weights."""

ACCUMULATED = training.TrainingOptions(accumulate=2)
SCALED = training.TrainingOptions(precision="mixed_float16", ema=0.9)


def synchronized(model):
    """The same model with normalisation over all replicas."""

    def exchange(layer):
        config = layer.get_config()
        if isinstance(layer, keras.layers.BatchNormalization):
            config["synchronized"] = True
        return type(layer).from_config(config)

    again = keras.models.clone_model(model, clone_function=exchange)
    again.set_weights(model.get_weights())
    return again


def cases(networks):
    """By name: how to make the model, the images and the options."""
    small, plain = networks._network, training.TrainingOptions()

    def vgg16():
        keras.utils.set_random_seed(1)
        return backbones.build("vgg16", num_classes=2, input_shape=(32, 32, 3))

    def resnet50():
        keras.utils.set_random_seed(1)
        built = synchronized(backbones.build("resnet50", num_classes=2, input_shape=(32, 32, 3)))
        # With branches as strong as at initialisation the order of the images in a batch alone
        # changes the second loss by 3e-2.
        for layer in built._flatten_layers():
            if layer.name.endswith("_bn3"):
                layer.gamma.assign(layer.gamma * 0 + 0.1)
        return built

    def adl():
        """Whose three layers draw; an untrained network's maps are so flat that γ is 1."""
        keras.utils.set_random_seed(1)
        options = {"drop_rate": 0.5, "drop_threshold": 1.0, "seed": 3}
        return methods.build("adl", "vgg16", 2, input_shape=(32, 32, 3), **options)

    return {
        "plain": (small, 8, plain),
        "synchronized": (lambda: small("synchronized"), 8, plain),
        "accumulated": (lambda: small(draws=True), 8, ACCUMULATED),
        "scaled": (small, 8, SCALED),
        "vgg16": (vgg16, 32, plain),
        "adl": (adl, 32, plain),
        "resnet50": (resnet50, 32, plain),
    }


def run(networks, case, distribution, run_dir):
    """Trains on 21 images in batches of 8."""
    build, side, options = cases(networks)[case]
    data = training.TrainingData.of_arrays(*networks._patterns(21, side))
    return training.fit(
        build,
        data,
        run_dir=run_dir,
        recipe=GENTLE if side > 8 else RECIPE,
        options=options,
        distribution=distribution,
        scores={"val": lambda model: {"size": sum(float(tf.norm(w)) for w in model.weights)}},
        quiet=True,
    )


if __name__ == "__main__":
    strategy, run_dir, networks_file, *names = sys.argv[1:]
    if strategy == "mirrored":
        (processor,) = tf.config.list_physical_devices("CPU")
        devices = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(processor, devices)
    distribution = training.Distribution(strategy)
    spec = importlib.util.spec_from_file_location("networks", networks_file)
    networks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(networks)
    for name in names:
        run(networks, name, distribution, f"{run_dir}/{name}")
