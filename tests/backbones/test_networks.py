"""What every network built by name can do."""

import keras
import numpy as np
import pytest

from tfwsol import backbones

NETWORKS = {
    "alexnet": {"width": 1 / 16},
    "googlenet": {},
    "squeezenet": {},
    "vgg16": {},
    "resnet50": {},
    "resnet50_se": {},
    "inception_v3": {},
    "mobilenet_v1": {"alpha": 0.25},
    "application": {"network": "MobileNetV2", "output_stride": 16, "options": {"alpha": 0.35}},
}

QUICK = ("vgg16", "mobilenet_v1", "application", "alexnet", "squeezenet")
SIDES = {"alexnet": (71, 66)}
"""Height and width of images for networks that cannot do with 40 × 65 pixels."""


def some(*names):
    """Every network, all but the named ones only when there is time."""
    slow = pytest.mark.slow
    return [name if name in names else pytest.param(name, marks=slow) for name in NETWORKS]


@pytest.fixture
def half_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


def images(*sides):
    return np.random.default_rng(0).normal(size=(2, *sides, 3)).astype("float32")


def build(name, shape=None, **options):
    keras.utils.set_random_seed(0)
    if shape is None:  # AlexNet's dense layers need to know it
        shape = (*SIDES.get(name, (None, None)), 3)
    model = backbones.build(name, num_classes=4, input_shape=shape, **NETWORKS[name], **options)
    draws = np.random.default_rng(1)
    for weight in model.weights:  # a zero scale or mean would hide a mistake
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(draws.uniform(0.7, 1.3, weight.shape))
    return model


def test_all_are_listed():
    assert set(NETWORKS) <= set(backbones.names())


@pytest.mark.parametrize("name", NETWORKS)
def test_any_size(name):
    logits = np.asarray(build(name)(images(*SIDES.get(name, (40, 65)))))
    assert logits.shape == (2, 4)
    assert np.ptp(logits, axis=1).min() > 0


@pytest.mark.parametrize("name", some(*QUICK, "resnet50_se"))
def test_saved_and_loaded(name, tmp_path):
    model = build(name)
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    batch = images(*SIDES.get(name, (40, 33)))
    np.testing.assert_array_equal(loaded(batch), model(batch))
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]


@pytest.mark.usefixtures("half_precision")
@pytest.mark.parametrize("name", some(*QUICK, "resnet50_se"))
def test_mixed_precision(name):
    model = build(name)
    maps = keras.Model(model.input, [list(backbones.endpoints(model).values())[-2], model.output])
    features, logits = maps(images(*SIDES.get(name, (40, 33))))
    assert keras.backend.standardize_dtype(features.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("name", some("vgg16"))
def test_one_training_step_of_compiled_code(name):
    model = build(name, (64, 64, 3))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  jit_compile=True)  # fmt: skip
    class_kernel = model.trainable_variables[-2]
    before = keras.ops.convert_to_numpy(class_kernel).copy()
    history = model.fit(images(64, 64), np.array([0, 3]), verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert (keras.ops.convert_to_numpy(class_kernel) != before).any()


@pytest.mark.parametrize("name", NETWORKS)
def test_without_a_head(name):
    trunk = backbones.build(name, num_classes=None, input_shape=(64, 64, 3), **NETWORKS[name])
    assert len(trunk.output_shape) == 4
    heads = {"head", "conv10", "logits", "fc6"}
    assert not heads & {layer.name for layer in trunk.layers}
