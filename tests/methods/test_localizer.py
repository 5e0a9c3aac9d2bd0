"""What every trainable localizer can do, by name."""

import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.graph import insert_after, split
from tfwsol.layers import ADL, HideAndSeek
from tfwsol.methods import CAM, L2CAF, Localizer, build, names
from tfwsol.methods.classification_loss import mean_loss

CLASSES = 4
SIDE = 32
OPTIONS = {
    "acol": {"width": 16},
    "adl": {"seed": 1},
    "has": {"seed": 1},
    "cutmix": {"seed": 1},
    "spg": {"width": 16, "guidance_size": (48, 48)},
}
METHODS = ("acol", "adl", "cam", "cutmix", "has", "spg")
TERMS = {
    "acol": {"classification", "classification_b"},
    "spg": {"classification", "guidance"},
}


def localizer(method, seed=0, input_shape=(SIDE, SIDE, 3), **options):
    keras.utils.set_random_seed(seed)
    options = {**OPTIONS.get(method, {}), "input_shape": input_shape, **options}
    return build(method, "critter_net", CLASSES, **options)


@pytest.fixture(scope="module")
def batch():
    """Images whose class is where and in which colour a square is."""
    rng = np.random.default_rng(0)
    labels = np.arange(16) % CLASSES
    images = rng.uniform(0, 60, (16, SIDE, SIDE, 3)).astype("float32")
    for image, label in zip(images, labels, strict=True):
        corner = 4 + 16 * (label // 2)
        image[corner : corner + 10, corner : corner + 10, label % 3] += 190
    return images, labels


@pytest.fixture
def half_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


def as_arrays(result):
    return np.asarray(result.maps), np.asarray(result.class_ids), np.asarray(result.scores)


def test_all_methods_are_listed():
    assert tuple(names()) == METHODS


@pytest.mark.parametrize("method", METHODS)
def test_fit_evaluate_localize_and_save(method, batch, tmp_path):
    images, labels = batch
    model = localizer(method)
    assert isinstance(model, keras.Model)
    assert model.method == method
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9), metrics=["accuracy"])
    history = model.fit(images, labels, batch_size=8, epochs=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert set(history) == {"loss", "accuracy"}
    before = model.evaluate(images, labels, verbose=0)
    wanted = float(mean_loss(None)(labels, model(images)))
    assert before[0] == pytest.approx(wanted, rel=1e-5)

    result = model.localize(images, top_k=2)
    maps, ids, scores = as_arrays(result)
    assert maps.shape == (16, 2, 4, 4)
    assert maps.dtype == scores.dtype == np.float32
    assert np.allclose(scores, model(images), atol=1e-5)
    assert (ids == np.argsort(-scores, axis=1)[:, :2]).all()
    assert np.ptp(maps, axis=(2, 3)).min() > 0
    assert result.image_size == (SIDE, SIDE)

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    assert (loaded.method, loaded.name) == (method, model.name)
    for found, kept in zip(
        as_arrays(loaded.localize(images, top_k=2)), (maps, ids, scores), strict=True
    ):
        assert np.allclose(found, kept, atol=1e-6)
    assert loaded.evaluate(images, labels, verbose=0) == pytest.approx(before, rel=1e-5)
    assert len(loaded.trainable_variables) == len(model.trainable_variables)
    loaded.fit(images, labels, batch_size=16, verbose=0)


@pytest.mark.parametrize("method", METHODS)
def test_the_inference_model_is_smaller_and_the_same(method, batch, tmp_path):
    images, _ = batch
    model = localizer(method)
    small = model.inference_model()
    kinds = {type(layer) for layer in small.network.layers}
    assert not kinds & {ADL, HideAndSeek}
    assert not [layer for layer in small.layers if layer.name.startswith("spg_")]
    sizes = [len(m.network.layers) for m in (model, small)]
    assert (sizes[1] < sizes[0]) == (method in ("adl", "has", "spg"))
    assert {id(v) for v in small.variables} <= {id(v) for v in model.variables}
    small.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    for one in (small, loaded):
        for found, wanted in zip(
            as_arrays(one.localize(images)), as_arrays(model.localize(images)), strict=True
        ):
            assert np.allclose(found, wanted, atol=1e-6)


def test_files_load_in_a_process_that_only_imports_tfwsol(batch, tmp_path):
    images, labels = batch
    wanted = {}
    for method in METHODS:
        model = localizer(method)
        model.compile("sgd")
        model.save(tmp_path / f"{method}.keras")
        model.inference_model().save(tmp_path / f"{method}_small.keras")
        wanted[method] = np.asarray(model.localize(images, labels).maps)
    np.savez(tmp_path / "data.npz", images=images, labels=labels, **wanted)
    code = """
        import sys, numpy as np, keras, tfwsol
        assert "tfwsol.methods.cam" not in sys.modules
        data = np.load(sys.argv[1] + "/data.npz")
        for method in sys.argv[2:]:
            model = keras.saving.load_model(f"{sys.argv[1]}/{method}.keras")
            small = keras.saving.load_model(f"{sys.argv[1]}/{method}_small.keras")
            assert model.method == method
            for one in (model, small):
                maps = one.localize(data["images"], data["labels"]).maps
                assert abs(np.asarray(maps) - data[method]).max() < 1e-5, method
        model.fit(data["images"], data["labels"], verbose=0)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path), *METHODS]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("method", METHODS)
def test_many_calls_are_one_trace_per_shape(method, batch):
    images, labels = batch
    model = localizer(method)
    for count in (4, 3, 4, 3):
        for form in (np.float32, np.float64):
            model.localize(images[:count].astype(form), labels[:count])
            model.localize(images[:count].astype(form))
    traced = [f.experimental_get_tracing_count() for f in (model._see, model._map)]
    assert traced == [2, 2]


def test_a_half_precision_file_loads_under_any_policy(batch, tmp_path):
    images, labels = batch
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = localizer("acol")
        model.compile(keras.optimizers.SGD(0.01))
        model.fit(images, labels, verbose=0)
        maps = np.asarray(model.localize(images, labels).maps)
        model.save(tmp_path / "model.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.optimizer, keras.optimizers.LossScaleOptimizer)
    assert np.array_equal(loaded.localize(images, labels).maps, maps)


@pytest.mark.parametrize("method", METHODS)
def test_half_precision(method, batch, half_precision):
    images, labels = batch
    model = localizer(method)
    assert model.output.dtype == "float32"
    loss, logits = model.training_loss(images, labels)
    assert loss.dtype == logits.dtype == "float32"
    model.compile(keras.optimizers.SGD(0.01))
    history = model.fit(images, labels, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    result = model.localize(images)
    assert result.maps.dtype == result.scores.dtype == "float32"


def network_of_any_size():
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 3, 2, padding="same", activation="relu", name="one")(image)
    x = keras.layers.Conv2D(8, 3, 2, padding="same", activation="relu", name="two")(x)
    return keras.Model(image, keras.layers.Conv2D(8, 3, padding="same", activation="relu")(x))


def tiny(method):
    """A localizer on a network without normalisation, which compiles fast."""
    options = dict(OPTIONS.get(method, {}))
    if method == "spg":
        options["guides"] = ("one", "two")
    if method == "adl":
        options["positions"] = ["one", "two"]
    return build(method, network_of_any_size(), CLASSES, **options)


@pytest.mark.parametrize(
    "method",
    [m if m in ("adl", "cutmix") else pytest.param(m, marks=pytest.mark.slow) for m in METHODS],
)
def test_compiled_by_xla(method, batch):
    images, labels = batch
    model = tiny(method)
    model.compile(keras.optimizers.SGD(0.01), jit_compile=True)
    assert np.isfinite(model.fit(images / 255, labels, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("method", METHODS)
def test_unknown_sizes(method, batch):
    images, labels = batch
    model = tiny(method)
    wide = np.concatenate([images, images], axis=2)
    result = model.localize(wide, labels)
    assert result.maps.shape == (16, 1, 8, 16)
    assert np.isfinite(model.training_loss(wide, labels)[0])


@pytest.mark.parametrize("method", METHODS)
def test_the_terms_of_the_loss(method, batch):
    images, labels = batch
    model = localizer(method)
    terms, logits = model.loss_terms(images, labels)
    assert set(terms) == TERMS.get(method, {"classification"})
    assert logits.shape == (16, CLASSES)
    assert all(term.dtype == "float32" and term.shape == () for term in terms.values())
    loss, _ = model.training_loss(images, labels, training=False)
    assert float(loss) == pytest.approx(float(mean_loss(None)(labels, model(images))), rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_labels_of_every_form(method, batch):
    images, labels = batch
    soft = np.eye(CLASSES, dtype="float32")[labels]
    losses = []
    for form in (labels, labels.astype("int32"), labels[:, None], soft):
        loss, _ = localizer(method).training_loss(images, form)
        losses.append(float(loss))
    assert losses == pytest.approx([losses[0]] * 4, rel=1e-5)


def test_smoothed_labels_and_weights_of_samples(batch):
    images, labels = batch
    model = localizer("cam")
    logits = np.asarray(model(images, training=True), "float64")
    log = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    smooth = 0.9 * np.eye(CLASSES)[labels] + 0.1 / CLASSES
    loss, _ = localizer("cam").training_loss(images, smooth.astype("float32"))
    assert float(loss) == pytest.approx(-(smooth * log).sum(1).mean(), rel=1e-4)
    weights = np.linspace(0, 2, 16)
    loss, _ = localizer("cam").training_loss(images, labels, sample_weight=weights)
    wanted = -(weights * log[np.arange(16), labels]).mean()
    assert float(loss) == pytest.approx(wanted, rel=1e-4)


def test_a_loss_of_ones_own(batch):
    images, labels = batch
    method = "acol"
    soft = np.eye(CLASSES, dtype="float32")[labels]
    plain, _ = localizer(method).training_loss(images, labels)
    losses = {
        "sparse": (keras.losses.SparseCategoricalCrossentropy(from_logits=True), labels),
        "soft": (keras.losses.CategoricalCrossentropy(from_logits=True), soft),
        "own": (lambda y, z: keras.losses.categorical_crossentropy(y, z, from_logits=True), soft),
    }
    for loss, targets in losses.values():
        model = localizer(method)
        model.compile("sgd", loss=loss, metrics=["accuracy"])
        assert float(model.training_loss(images, targets)[0]) == pytest.approx(float(plain), 1e-5)
    model.fit(images, targets, verbose=0)
    wanted = float(mean_loss(None)(labels, model(images)))
    assert model.evaluate(images, targets, verbose=0)[0] == pytest.approx(wanted, rel=1e-5)


def test_penalties_count(batch):
    images, labels = batch
    network = backbones.critter_net(CLASSES, (SIDE, SIDE, 3), seed=0)
    plain, _ = build("cam", network, CLASSES).training_loss(images, labels)
    network.get_layer("conv1").kernel_regularizer = keras.regularizers.L2(0.1)
    network.get_layer("conv1").kernel.regularizer = keras.regularizers.L2(0.1)
    model = build("cam", network, CLASSES)
    penalty = 0.1 * np.square(network.get_layer("conv1").kernel.numpy()).sum()
    loss, _ = model.training_loss(images, labels)
    assert float(loss) == pytest.approx(float(plain) + penalty, rel=1e-4)
    model.compile("sgd")
    assert model.evaluate(images, labels, verbose=0) == pytest.approx(
        float(mean_loss(None)(labels, model(images))) + penalty, rel=1e-4
    )


@pytest.mark.parametrize("method", ["cam", "adl", "has", "cutmix"])
def test_graph_tools_and_explainers_see_through_it(method, batch):
    images, labels = batch
    model = localizer(method)
    body, tail = split(model, "relu3")
    assert np.allclose(tail(body(images)), model(images), atol=1e-5)
    maps = np.asarray(model.localize(images, labels).maps)
    bias = np.asarray(model.network.get_layer("head").classifier.bias)[labels]
    for explained in (model, model.inference_model()):
        cam = np.asarray(CAM(explained).localize(images, labels).maps)
        assert np.allclose(cam + bias[:, None, None, None], maps, atol=1e-4)
    assert np.isfinite(L2CAF(model, solver="exact").localize(images, labels).maps).all()
    more = insert_after(model, {"relu1": ADL})
    assert np.allclose(more(images), model(images), atol=1e-6)


def test_a_step_of_fit_is_a_step_of_a_loop(batch):
    import tensorflow as tf

    images, labels = batch
    fitted, looped = localizer("acol"), localizer("acol")
    fitted.compile(keras.optimizers.SGD(0.05))
    fitted.fit(images, labels, batch_size=16, shuffle=False, verbose=0)
    with tf.GradientTape() as tape:
        loss, _ = looped.training_loss(images, labels)
    gradients = tape.gradient(loss, looped.trainable_variables)
    assert all(gradient is not None for gradient in gradients)
    for variable, gradient in zip(looped.trainable_variables, gradients, strict=True):
        variable.assign_sub(0.05 * gradient)
    for one, other in zip(fitted.variables, looped.variables, strict=True):
        assert np.allclose(one, other, atol=1e-5)


def test_every_variable_learns(batch):
    import tensorflow as tf

    images, labels = batch
    for method in METHODS:
        model = localizer(method)
        with tf.GradientTape() as tape:
            loss, _ = model.training_loss(images, labels)
        gradients = tape.gradient(loss, model.trainable_variables)
        still = [
            variable.path
            for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
            if gradient is None or not np.any(gradient)
        ]
        assert not still, method


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("adll", "critter_net", 4), "No method is called 'adll'; did you mean adl"),
        (("cam", "vgg61", 4), "No backbone is called 'vgg61'; did you mean vgg16"),
        (("cam", "critter_net", 0), "num_classes to be a whole number of at least 1"),
        (("cam", "critter_net", 2.5), "num_classes to be a whole number of at least 1"),
    ],
)
def test_wrong_arguments(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(*arguments)


def test_wrong_questions_and_labels(batch):
    images, _ = batch
    model = localizer("cam")
    with pytest.raises(ValueError, match="Class id 4 is out of range: the model has 4 classes"):
        model.localize(images, 4)
    with pytest.raises(ValueError, match="top_k from 1 to 4"):
        model.localize(images, top_k=5)
    with pytest.raises(ValueError, match=r"batch × 4 classes, but shape \(16, 3\) came"):
        model.training_loss(images, np.ones((16, 3), "float32"))
    model.compile("sgd")
    with pytest.raises(ValueError, match="batch × 4 classes, but shape"):
        model.fit(images, np.ones((16, 5), "float32"), verbose=0)


def test_a_localizer_without_a_file_is_of_its_class():
    model = Localizer(localizer("cam").network)
    assert (model.method, model.name) == ("cam", "cam_critter_net")
