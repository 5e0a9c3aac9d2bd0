"""The constrained filter: recorded forward and backward values, properties, life in a model."""

import ast
import importlib
import pathlib
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from keras import layers, ops

import tfwsol
from tfwsol.layers import AttentionFilter
from tfwsol.layers.attention_filter import FILTER_TYPES, constrain

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "l2caf" / "filters.npz"
PUBLISHED_NAMES = {"l2norm": "l2", "softmax": "softmax", "gauss": "gaussian"}
SIZES = [(7, 7), (6, 6), (14, 14), (6, 9), (1, 5), (1, 1)]


def filtered(filter_type, raw, features, **options):
    layer = AttentionFilter(filter_type, **options)
    layer.build(features.shape)
    layer.raw.assign(raw)
    return layer, layer(features)


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("published", PUBLISHED_NAMES)
def test_forward_and_backward_as_published(published, index):
    with np.load(GOLDEN) as file:
        names = ("param", "A", "upstream", "out", "grad")
        raw, features, upstream, out, gradient = (file[f"{published}.{index}.{n}"] for n in names)
    raw, gradient = (a[0] if published == "gauss" else a[..., 0] for a in (raw, gradient))
    layer, result = filtered(PUBLISHED_NAMES[published], raw, features)
    np.testing.assert_allclose(result, out, rtol=0, atol=1e-6)
    with tf.GradientTape() as tape:
        score = ops.sum(layer(features) * upstream)
    result = tape.gradient(score, layer.raw.value)
    np.testing.assert_allclose(result, gradient, rtol=0, atol=1e-6 * max(1, abs(gradient).max()))


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("filter_type", FILTER_TYPES)
def test_any_size(filter_type, height, width):
    features = np.random.default_rng(0).normal(size=(2, height, width, 3)).astype("float32")
    layer = AttentionFilter(filter_type)
    result = layer(features)
    f = np.asarray(layer.filter)
    assert f.shape == (height, width)
    np.testing.assert_allclose(result, f[None, :, :, None] * features, rtol=1e-6)
    total = (f**2).sum() if filter_type == "l2" else f.sum()
    assert total == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("filter_type", FILTER_TYPES)
def test_the_default_start_has_no_preferred_side(filter_type):
    f = np.asarray(filtered(filter_type, *_start(filter_type))[0].filter)
    np.testing.assert_allclose(f, f[::-1], rtol=1e-6)
    np.testing.assert_allclose(f, f[:, ::-1], rtol=1e-6)
    if filter_type == "l2":
        np.testing.assert_allclose(f, 1 / np.sqrt(24), rtol=1e-6)


def _start(filter_type):
    layer = AttentionFilter(filter_type)
    layer.build((None, 4, 6, 2))
    return layer.raw, np.ones((1, 4, 6, 2), "float32")


@given(
    raw=arrays.arrays(
        np.float32, (5, 4), elements=st.floats(-100, 100, width=32, allow_subnormal=False)
    ).filter(lambda a: abs(a).max() > 1e-3)
)
@settings(max_examples=25, deadline=None)
def test_l2_has_unit_norm_keeps_signs_and_ignores_scale(raw):
    f = np.asarray(constrain(ops.convert_to_tensor(raw), "l2", 5, 4))
    assert np.sqrt((f.astype("float64") ** 2).sum()) == pytest.approx(1, abs=1e-5)
    large = abs(raw) > 1e-3
    assert (np.sign(f[large]) == np.sign(raw[large])).all()
    scaled = np.asarray(constrain(ops.convert_to_tensor(raw * 8), "l2", 5, 4))
    np.testing.assert_allclose(scaled, f, atol=1e-6)


@given(
    raw=arrays.arrays(np.float32, (4, 5), elements=st.floats(-20, 20, width=32)),
    shift=st.floats(-10, 10),
)
@settings(max_examples=25, deadline=None)
def test_softmax_is_a_distribution_that_ignores_a_shift(raw, shift):
    f = np.asarray(constrain(ops.convert_to_tensor(raw), "softmax", 4, 5))
    expected = np.exp(raw.astype("float64") - raw.max())
    np.testing.assert_allclose(f, expected / expected.sum(), atol=1e-6)
    moved = constrain(ops.convert_to_tensor(raw + np.float32(shift)), "softmax", 4, 5)
    np.testing.assert_allclose(moved, f, atol=1e-5)


@given(
    mean=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    sigma=st.floats(0.5, 4),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
@settings(max_examples=25, deadline=None)
def test_gaussian_equals_its_formula(mean, sigma, size):
    height, width = size
    raw = ops.convert_to_tensor(np.array(mean, "float32"))
    f = np.asarray(constrain(raw, "gaussian", height, width, sigma))
    y, x = np.mgrid[:height, :width].astype("float64")
    squares = (y - (height - 1) / 2 - mean[1]) ** 2 + (x - (width - 1) / 2 - mean[0]) ** 2
    expected = np.exp(-squares / (2 * sigma**2))
    np.testing.assert_allclose(f, expected / expected.sum(), atol=2e-6)
    assert f.sum() == pytest.approx(1, abs=1e-5)


def test_gaussian_by_hand():
    """Three cells in a row, mean in the middle: e^-½ : 1 : e^-½."""
    f = np.asarray(constrain(ops.zeros((2,)), "gaussian", 1, 3))[0]
    side = np.exp(-0.5) / (1 + 2 * np.exp(-0.5))
    np.testing.assert_allclose(f, [side, 1 - 2 * side, side], rtol=1e-6)
    # x runs along the columns: one cell to the right.
    f = np.asarray(constrain(ops.convert_to_tensor([1.0, 0.0]), "gaussian", 3, 3))
    assert f.argmax() == 5


def test_a_gaussian_far_outside_stays_finite():
    f = np.asarray(constrain(ops.convert_to_tensor([1e4, -1e4]), "gaussian", 7, 7))
    assert np.isfinite(f).all()
    assert f[0, 6] == pytest.approx(1)


@pytest.mark.parametrize("filter_type", FILTER_TYPES)
def test_zeros_are_finite_forward_and_backward(filter_type):
    features = np.ones((1, 3, 4, 2), "float32")
    layer, result = filtered(filter_type, 0.0 * _start_of(filter_type), features)
    assert np.isfinite(result).all()
    with tf.GradientTape() as tape:
        score = ops.sum(layer(features) ** 2)
    assert np.isfinite(tape.gradient(score, layer.raw.value)).all()


def _start_of(filter_type):
    return np.ones(2 if filter_type == "gaussian" else (3, 4), "float32")


@pytest.mark.parametrize("filter_type", FILTER_TYPES)
def test_one_filter_per_frame(filter_type):
    clip = np.random.default_rng(0).normal(size=(2, 3, 4, 5, 6)).astype("float32")
    layer = AttentionFilter(filter_type, initializer=keras.initializers.RandomNormal(seed=1))
    result = layer(clip)
    f = np.asarray(layer.filter)
    assert f.shape == (3, 4, 5)
    total = (f**2).sum((1, 2)) if filter_type == "l2" else f.sum((1, 2))
    np.testing.assert_allclose(total, 1, atol=1e-6)
    np.testing.assert_allclose(result, clip * f[None, ..., None], rtol=1e-5)
    frame, _ = filtered(filter_type, np.asarray(layer.raw)[1], clip[:, 1])
    np.testing.assert_allclose(frame.filter, f[1], atol=1e-7)
    assert abs(f[0] - f[1]).max() > 1e-4


def test_the_map_shown():
    raw = np.array([[3.0, -4.0]], "float32")
    layer, _ = filtered("l2", raw, np.ones((1, 1, 2, 1), "float32"))
    np.testing.assert_allclose(layer.filter, [[0.6, -0.8]], rtol=1e-6)
    np.testing.assert_allclose(layer.attention_map(), [[0.6, 0.8]], rtol=1e-6)
    np.testing.assert_allclose(layer.attention_map("positive"), [[0.6, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(layer.attention_map("signed"), [[0.6, -0.8]], rtol=1e-6)
    with pytest.raises(ValueError, match=r"sign to be one of \['abs', 'positive', 'signed'\]"):
        layer.attention_map("negative")


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(policy):
    features = np.random.default_rng(0).normal(size=(2, 14, 14, 3)).astype("float32")
    raw = np.random.default_rng(1).normal(size=(14, 14)).astype("float32")
    layer, result = filtered("l2", raw, features, dtype=policy)
    assert keras.backend.standardize_dtype(result.dtype) == policy[6:]
    assert keras.backend.standardize_dtype(layer.raw.dtype) == "float32"
    assert keras.backend.standardize_dtype(layer.filter.dtype) == "float32"
    _, exact = filtered("l2", raw, features)
    np.testing.assert_allclose(ops.cast(result, "float32"), exact, atol=1e-2)
    with tf.GradientTape() as tape:
        score = ops.sum(ops.cast(layer(features), "float32"))
    gradient = tape.gradient(score, layer.raw.value)
    assert gradient.dtype == tf.float32
    assert abs(np.asarray(gradient)).max() > 0


def small_net(filter_type="l2", size=8):
    image = keras.Input((size, size, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    x = AttentionFilter(filter_type, sigma=1.5, name="attention")(x)
    return keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize(
    ("filter_type", "jit"), [("l2", False), ("softmax", False), ("gaussian", False), ("l2", True)]
)
def test_fit_trains_the_filter(filter_type, jit):
    keras.utils.set_random_seed(0)
    model = small_net(filter_type)
    rng = np.random.default_rng(0)
    images, targets = rng.normal(size=(8, 8, 8, 3)), rng.normal(size=(8, 2))
    before = model.get_layer("attention").raw.numpy().copy()
    model.compile(keras.optimizers.SGD(0.5), "mse", jit_compile=jit)
    history = model.fit(images, targets, batch_size=4, epochs=5, shuffle=False, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    layer = model.get_layer("attention")
    assert abs(np.asarray(layer.raw) - before).max() > 1e-6
    f = np.asarray(layer.filter)
    assert (f**2 if filter_type == "l2" else f).sum() == pytest.approx(1, abs=1e-5)


def test_unknown_batch_size():
    model = small_net()
    traced = tf.function(model, input_signature=[tf.TensorSpec((None, 8, 8, 3))])
    for batch in (1, 3):
        images = np.random.default_rng(batch).normal(size=(batch, 8, 8, 3)).astype("float32")
        np.testing.assert_allclose(traced(images), model(images), atol=1e-6)


def test_masks_pass_through():
    """Frames that are padding stay marked as such."""
    clips = np.ones((1, 3, 2), "float32")
    clips[:, 2] = 0
    marked = layers.Masking()(clips)
    frames = layers.TimeDistributed(layers.Reshape((1, 2, 1)))(marked)
    np.testing.assert_array_equal(AttentionFilter()(frames)._keras_mask, [[True, True, False]])


def test_configuration_round_trip():
    layer = AttentionFilter("gaussian", 2.5, keras.initializers.Constant(0.25), name="mine")
    layer.build((None, 4, 4, 1))
    twin = AttentionFilter.from_config(layer.get_config())
    twin.build((None, 4, 4, 1))
    assert twin.get_config() == layer.get_config()
    assert (twin.name, twin.filter_type, twin.sigma) == ("mine", "gaussian", 2.5)
    np.testing.assert_allclose(twin.raw, [0.25, 0.25])
    assert layer.compute_output_shape((None, 4, 4, 7)) == (None, 4, 4, 7)


@pytest.mark.parametrize("filter_type", FILTER_TYPES)
def test_keras_file_in_the_same_process(filter_type, tmp_path):
    model = small_net(filter_type)
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    model.get_layer("attention").raw.assign_add(
        np.random.default_rng(1).normal(size=model.get_layer("attention").raw.shape)
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(images), model(images))


def run_python(code, *arguments):
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_keras_file_in_a_process_that_only_imports_tfwsol(tmp_path):
    model = small_net()
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    raw = model.get_layer("attention").raw
    raw.assign(np.random.default_rng(1).normal(size=raw.shape))
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x=images, y=model(images))
    code = """
        import sys, numpy as np, keras, tfwsol
        data = np.load(sys.argv[1] + "/data.npz")
        model = keras.saving.load_model(sys.argv[1] + "/model.keras")
        assert type(model.get_layer("attention")) is tfwsol.layers.AttentionFilter
        print(abs(model(data["x"]) - data["y"]).numpy().max())
    """
    assert float(run_python(code, tmp_path)) < 1e-6


@pytest.mark.slow
def test_mirrored_replicas_share_one_filter():
    code = """
        import keras, numpy as np, tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
        from tfwsol.layers import AttentionFilter

        def trained(strategy):
            keras.utils.set_random_seed(0)
            with strategy.scope():
                start = keras.initializers.RandomNormal(seed=1)
                image = keras.Input((4, 4, 2))
                x = AttentionFilter(initializer=start)(image)
                model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))
                model.compile(keras.optimizers.SGD(0.5), "mse")
            rng = np.random.default_rng(0)
            data = rng.normal(size=(8, 4, 4, 2)), rng.normal(size=(8, 2))
            model.fit(*data, batch_size=8, epochs=3, shuffle=False, verbose=0)
            return model.layers[1].raw.numpy()

        one = trained(tf.distribute.get_strategy())
        both = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
        print(abs(one - both).max())
    """
    assert float(run_python(code)) < 1e-6


def test_wrong_arguments_and_inputs():
    with pytest.raises(ValueError, match=r"one of \['l2', 'softmax', 'gaussian'\], but 'l1' came"):
        AttentionFilter("l1")
    for sigma in (0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="Expected a positive sigma in cells"):
            AttentionFilter("gaussian", sigma)
    for shape in [(None, None, 8, 3), (None, 8, None, 3), (None, 8), (None, None, 8, 8, 3)]:
        with pytest.raises(ValueError, match="give the model a fixed image size"):
            AttentionFilter().build(shape)
    AttentionFilter().build((None, 8, 8, None))


def test_layers_need_no_tensorflow():
    """They run on every backend of Keras."""
    for path in pathlib.Path(tfwsol.layers.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            names.append(getattr(node, "module", None) or "")
            assert not any(name.split(".")[0] == "tensorflow" for name in names), path.name
    assert importlib.import_module("tfwsol.layers").AttentionFilter is AttentionFilter
