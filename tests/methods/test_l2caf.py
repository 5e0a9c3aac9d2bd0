"""L2-CAF where the goldens do not reach: other tails, precisions, filters and starts."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfwsol.methods import L2CAF, GradCAM


def network(tail, dtype=None, seed=0):
    keras.utils.set_random_seed(seed)
    image = keras.Input((20, 28, 3), name="image")
    x = layers.Conv2D(6, 3, 2, padding="same", activation="relu", dtype=dtype)(image)
    x = layers.Conv2D(8, 3, 2, padding="same", name="map", dtype=dtype)(x)
    if tail == "relu":
        x = layers.ReLU(dtype=dtype)(x)
    if tail == "convolution":
        x = layers.Conv2D(8, 3, padding="same", activation="relu", dtype=dtype)(x)
    x = layers.GlobalAveragePooling2D(dtype=dtype)(x)
    return keras.Model(image, layers.Dense(5, activation="softmax", dtype=dtype)(x))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(2, 20, 28, 3)).astype("float32")


def loss_of(model, images, filters, class_id):
    """The class-specific loss in plain NumPy steps, from the definition."""
    body = keras.Model(model.inputs, model.get_layer("map").output)
    after = keras.Model(model.get_layer("map").output, model.layers[-2].output)
    dense = model.layers[-1]
    filtered = body([images]).numpy() * filters[..., None]
    logits = after(filtered).numpy() @ dense.kernel.numpy() + dense.bias.numpy()
    return logits.sum(axis=1) - 2 * logits[:, class_id]


@pytest.mark.parametrize("tail", ["linear", "relu", "convolution"])
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "power", "reference"])
def test_reported_loss_is_the_loss_of_the_filter(tail, solver, images):
    model = network(tail)
    method = L2CAF(model, "map", solver=solver, sign="signed", film=1)
    result = method.localize(images, 1)
    filters = result.maps.numpy()[:, 0]
    np.testing.assert_allclose(np.linalg.norm(filters, axis=(1, 2)), 1.0, atol=1e-5)
    if solver == "reference":  # reports the loss before its last update, as published
        filters = result.details["film"].numpy()[:, 0, -1]
    loss = loss_of(model, images, filters, 1)
    np.testing.assert_allclose(result.details["loss"].numpy()[:, 0], loss, atol=1e-4)


@pytest.mark.parametrize("tail", ["linear", "relu"])
@pytest.mark.parametrize("seed", range(4))
def test_no_random_filter_beats_the_exact_one(tail, seed, images):
    model = network(tail, seed=seed)
    best = L2CAF(model, "map", solver="exact").localize(images, 0).details["loss"].numpy()[:, 0]
    rng = np.random.default_rng(seed)
    for _ in range(50):
        filters = rng.normal(size=(2, 5, 7))
        filters /= np.linalg.norm(filters, axis=(1, 2), keepdims=True)
        assert (loss_of(model, images, filters, 0) >= best - 1e-5).all()


@pytest.mark.parametrize("seed", range(4))
def test_oblivious_exact_is_where_descent_ends(seed, images):
    model = network("linear", seed=seed)
    exact = L2CAF(model, "map", "class_oblivious", solver="exact").localize(images)
    descent = L2CAF(model, "map", "class_oblivious", solver="lbfgs", max_iterations=300)
    found = descent.localize(images).details["loss"].numpy()
    assert (exact.details["loss"].numpy() <= found + 1e-6).all()
    np.testing.assert_allclose(exact.details["loss"].numpy(), found, rtol=1e-2, atol=1e-6)


def test_oblivious_loss_zero_is_reached_where_it_can_be():
    # Two outputs and many cells: a filter of unit norm can keep both outputs exactly.
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="map", use_bias=False)(image)
    out = layers.Dense(2, use_bias=False)(layers.GlobalAveragePooling2D()(x))
    sparse = np.zeros((1, 8, 8, 3), "float32")
    sparse[0, 4, 4] = 1.0
    result = L2CAF(keras.Model(image, out), "map", "class_oblivious").localize(sparse)
    assert result.details["loss"].numpy()[0, 0] < 1e-9
    np.testing.assert_allclose(np.linalg.norm(result.maps), 1.0, atol=1e-5)


def test_a_map_of_zeros_gives_the_uniform_filter(images):
    result = L2CAF(network("linear"), "map", solver="exact").localize(np.zeros_like(images), 0)
    np.testing.assert_allclose(result.maps, 1 / np.sqrt(35), rtol=1e-5)


def test_signs(images):
    model = network("linear")
    maps = {
        sign: L2CAF(model, "map", sign=sign).localize(images, 1).maps.numpy()
        for sign in ("abs", "positive", "signed")
    }
    np.testing.assert_array_equal(maps["abs"], np.abs(maps["signed"]))
    np.testing.assert_array_equal(maps["positive"], np.maximum(maps["signed"], 0))
    share = L2CAF(model, "map").localize(images, 1).details["negative_share"].numpy()
    np.testing.assert_allclose(share[:, 0], (maps["signed"] < 0).mean(axis=(2, 3))[:, 0])


@pytest.mark.parametrize("filter_type", ["softmax", "gaussian"])
@pytest.mark.parametrize("preset", ["pytorch", "tf1"])
def test_ablation_filters_sum_to_one(filter_type, preset, images):
    method = L2CAF(network("linear"), "map", filter_type=filter_type, preset=preset)
    result = method.localize(images, 1)
    np.testing.assert_allclose(np.sum(result.maps, axis=(2, 3)), 1.0, atol=1e-5)


def test_ablation_filters_have_no_sphere_solver():
    with pytest.raises(ValueError, match="solver='reference'"):
        L2CAF(network("linear"), "map", filter_type="softmax", solver="lbfgs")


def test_tf1_start_is_seeded_and_shared_by_the_classes_of_an_image(images):
    def first_pictures(seed):
        method = L2CAF(
            network("linear"),
            "map",
            solver="reference",
            preset="tf1",
            film=1,
            max_iterations=2,
            sign="signed",
            seed=seed,
        )
        return method.localize(images, [[0, 1], [0, 1]]).details["film"].numpy()[:, :, 0]

    one = first_pictures(1)
    np.testing.assert_array_equal(one, first_pictures(1))
    np.testing.assert_array_equal(one[:, 0], one[:, 1])
    assert np.abs(one - first_pictures(2)).max() > 0.01
    assert np.abs(one[0] - one[1]).max() > 0.01


def test_initial_filter_per_image_and_of_a_wrong_size(images):
    raw = np.random.default_rng(0).normal(size=(2, 5, 7))
    method = L2CAF(network("linear"), "map", solver="reference", initial=raw, film=1, sign="signed")
    first = method.localize(images, 0).details["film"].numpy()[:, 0, 0]
    np.testing.assert_allclose(
        first, raw / np.linalg.norm(raw, axis=(1, 2), keepdims=True), atol=1e-6
    )
    with pytest.raises(ValueError, match="initial filter"):
        L2CAF(network("linear"), "map", solver="lbfgs", initial=np.ones((4, 4))).localize(images)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "reference"])
@pytest.mark.parametrize("tail", ["linear", "convolution"])
def test_mixed_precision(policy, solver, tail, images):
    model = network(tail, dtype=policy)
    result = L2CAF(model, "map", solver=solver).localize(images, 1)
    assert result.maps.dtype == tf.float32
    assert result.scores.dtype == tf.float32
    full = network(tail)
    full.set_weights(model.get_weights())
    expected = L2CAF(full, "map", solver=solver).localize(images, 1)
    cosine = np.sum(result.maps * expected.maps, axis=(1, 2, 3))
    assert (cosine > 0.97).all()
    assert GradCAM(model, "map").localize(images).maps.dtype == tf.float32


def test_one_filter_per_frame_of_a_video():
    keras.utils.set_random_seed(0)
    video = keras.Input((3, 12, 16, 3))
    x = layers.TimeDistributed(layers.Conv2D(4, 3, 2, activation="relu"), name="map")(video)
    x = layers.GlobalAveragePooling3D()(x)
    model = keras.Model(video, layers.Dense(4)(x))
    clips = np.random.default_rng(0).normal(size=(2, 3, 12, 16, 3)).astype("float32")
    result = L2CAF(model, "map").localize(clips, [[0, 1], [2, 3]])
    assert result.maps.shape == (2, 2, 3, 5, 7)
    np.testing.assert_allclose(np.linalg.norm(result.maps, axis=(3, 4)), 1.0, atol=1e-5)
    assert GradCAM(model, "map").localize(clips).maps.shape == (2, 1, 3, 5, 7)


def test_several_inputs(images):
    keras.utils.set_random_seed(0)
    left, right = keras.Input((16, 16, 3), name="left"), keras.Input((4,), name="right")
    x = layers.Conv2D(4, 3, activation="relu", name="map")(left)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.Dense(3)(right)])
    model = keras.Model([left, right], layers.Dense(4)(x))
    batch = [np.ones((2, 16, 16, 3), "float32"), np.ones((2, 4), "float32")]
    by_list = L2CAF(model).localize(batch, 1)
    by_name = L2CAF(model).localize({"left": batch[0], "right": batch[1]}, 1)
    np.testing.assert_array_equal(by_list.maps, by_name.maps)
    assert by_list.image_size == (16, 16)


def test_subclassed_model_equals_its_functional_twin(images):
    class Classifier(keras.Model):
        def __init__(self, twin):
            super().__init__()
            self.stages = twin.layers[1:]

        def call(self, x):
            for stage in self.stages:
                x = stage(x)
            return x

    twin = network("convolution")
    model = Classifier(twin)
    for method in (GradCAM, lambda m, layer: L2CAF(m, layer, solver="reference")):
        ours = method(model, "map").localize(images, top_k=2)
        expected = method(twin, "map").localize(images, top_k=2)
        np.testing.assert_array_equal(ours.class_ids, expected.class_ids)
        np.testing.assert_allclose(ours.maps, expected.maps, atol=1e-4)
        np.testing.assert_allclose(ours.scores, expected.scores, atol=1e-5)


@pytest.mark.parametrize("tail", ["linear", "relu", "convolution"])
def test_mean_contrast_is_blind_to_a_common_offset(tail, images):
    model = network(tail)
    before = L2CAF(model, "map", contrast="mean").localize(images, 1)
    published = L2CAF(model, "map").localize(images, 1)
    kernel = model.layers[-1].kernel
    kernel.assign(kernel + np.linspace(0, 2, 8)[:, None])
    after = L2CAF(model, "map", contrast="mean").localize(images, 1)
    np.testing.assert_allclose(after.maps, before.maps, atol=2e-3)
    changed = L2CAF(model, "map").localize(images, 1)
    assert np.abs(changed.maps - published.maps).max() > 0.05


def test_mean_contrast_formula(images):
    model = network("linear")
    result = L2CAF(model, "map", contrast="mean", sign="signed").localize(images, 1)
    body = keras.Model(model.inputs, model.get_layer("map").output)
    kernel = model.layers[-1].kernel.numpy()
    slope = body([images]).numpy() @ (np.delete(kernel, 1, axis=1).mean(axis=1) - kernel[:, 1])
    expected = -slope / np.linalg.norm(slope, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(result.maps[:, 0], expected, atol=1e-5)


def test_exact_where_there_is_none(images):
    with pytest.raises(ValueError, match="solver='exact' needs a tail"):
        L2CAF(network("convolution"), "map", solver="exact").localize(images)


def test_class_ids_of_an_oblivious_map(images):
    with pytest.raises(ValueError, match="belongs to no class"):
        L2CAF(network("linear"), "map", "class_oblivious").localize(images, 1)


def test_no_iterations_at_all():
    with pytest.raises(ValueError, match="max_iterations from 1"):
        L2CAF(network("linear"), "map", max_iterations=0)


@pytest.mark.parametrize(
    "wrong",
    [{"objective": "specific"}, {"solver": "adam"}, {"sign": "none"}, {"preset": "torch"}],
)
def test_wrong_choices_are_named(wrong):
    with pytest.raises(ValueError, match="one of"):
        L2CAF(network("linear"), "map", **wrong)


@pytest.mark.parametrize("outputs", [3, 60])
def test_oblivious_optimum_by_dense_algebra(outputs):
    """Both eigenproblems, cells × cells and outputs × outputs, against (Q + λ) f = Q 1."""
    keras.utils.set_random_seed(outputs)
    image = keras.Input((10, 14, 3))
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu", name="map")(image)
    model = keras.Model(image, layers.Dense(outputs)(layers.GlobalAveragePooling2D()(x)))
    batch = np.random.default_rng(0).normal(size=(2, 10, 14, 3)).astype("float32")
    result = L2CAF(model, "map", "class_oblivious", solver="exact", sign="signed").localize(batch)
    features = keras.Model(model.inputs, model.get_layer("map").output)([batch]).numpy()
    for i in range(2):
        maps = features[i].reshape(35, 16).astype(np.float64) @ model.layers[-1].kernel.numpy() / 35
        matrix = maps @ maps.T / outputs
        f = result.maps.numpy()[i, 0].ravel().astype(np.float64)
        residual = matrix @ (np.ones(35) - f)
        multiplier = f @ residual
        # Stationary on the sphere, and the global minimum since the multiplier is not negative.
        np.testing.assert_allclose(residual, multiplier * f, atol=1e-6 * np.abs(matrix).max())
        assert multiplier >= -1e-9
        loss = (f - 1) @ matrix @ (f - 1)
        np.testing.assert_allclose(result.details["loss"].numpy()[i, 0], loss, rtol=1e-4)
