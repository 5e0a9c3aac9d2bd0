"""Pasted rectangles and mixed labels: recorded ones, statistics, label forms, compilation."""

import math
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfwsol.layers import CutMix, CutMixDraw
from tfwsol.layers.cut_mix import symmetric_beta

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "adl" / "baselines.npz"
CLASSES = 10


def recorded(index):
    with np.load(GOLDEN) as file:
        prefix = f"cm{index}_"
        found = {k[len(prefix) :]: file[k] for k in file.files if k.startswith(prefix)}
    found["x"], found["y"] = (found[name].transpose(0, 2, 3, 1) for name in "xy")
    return found, CutMixDraw(found["lam_in"], found["perm"], found["center_hw"])


def draw_of(share, permutation, centre):
    return CutMixDraw(np.float32(share), np.int32(permutation), np.int32(centre))


def of_one_colour(batch, height, width):
    """Images each of which is filled with its own number."""
    colours = np.arange(batch, dtype="float32")[:, None, None, None]
    return np.array(np.broadcast_to(colours, (batch, height, width, 1)))


def shares_of_colours(images, colours):
    return [[(one == colour).mean() for colour in range(colours)] for one in np.asarray(images)]


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("index", range(5))
def test_as_recorded(index, one_hot):
    golden, draw = recorded(index)
    classes = np.eye(CLASSES)
    labels = classes[golden["t"]] if one_hot else golden["t"]
    layer = CutMix(num_classes=None if one_hot else CLASSES)
    images, targets = layer(golden["x"], labels, training=True, draw=draw)
    np.testing.assert_array_equal(images, golden["y"])
    kept = golden["lam_out"]
    expected = kept * classes[golden["ta"]] + (1 - kept) * classes[golden["tb"]]
    np.testing.assert_allclose(targets, expected, atol=1e-7)


def test_by_hand():
    """Share 3/4 cuts half of each side: rows 0 to 1 and columns 1 to 2 of 4 × 4."""
    x = np.stack([np.zeros((4, 4, 1)), np.ones((4, 4, 1))]).astype("float32")
    images, targets = CutMix(num_classes=2)(
        x, np.array([0, 1]), training=True, draw=draw_of(0.75, [1, 0], [1, 2])
    )
    pasted = [[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(images[0, :, :, 0], pasted)
    np.testing.assert_array_equal(images[1, :, :, 0], 1 - np.array(pasted))
    np.testing.assert_array_equal(targets, [[0.75, 0.25], [0.25, 0.75]])


def test_a_rectangle_cut_off_at_the_border_counts_what_is_left():
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 1)).astype("float32")
    images, targets = CutMix(num_classes=2)(
        x, np.array([0, 1]), training=True, draw=draw_of(0.0, [1, 0], [0, 3])
    )
    np.testing.assert_array_equal(images[0, :2, 1:], x[1, :2, 1:])
    np.testing.assert_array_equal(images[0, 2:], x[0, 2:])
    np.testing.assert_allclose(targets[0], [1 - 6 / 16, 6 / 16])


@given(
    batch=st.integers(1, 4),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=st.integers(0, 999),
)
@settings(max_examples=30, deadline=None)
def test_targets_follow_the_pixels(batch, height, width, seed):
    """Every image has a colour of its own, so that its mixture can be counted."""
    layer = CutMix(seed=seed, num_classes=batch)
    x = of_one_colour(batch, height, width)
    images, targets = layer(x, np.arange(batch), training=True)
    np.testing.assert_allclose(targets, shares_of_colours(images, batch), atol=1e-6)


@pytest.mark.parametrize(("layer", "training"), [(CutMix(), False), (CutMix(probability=0), True)])
def test_nothing_mixed(layer, training):
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 2)).astype("float32")
    soft = np.random.default_rng(1).dirichlet(np.ones(4), 3).astype("float32")
    images, targets = layer(x, soft, training=training)
    assert np.asarray(images).tobytes() == x.tobytes()
    np.testing.assert_array_equal(targets, soft)


def test_whole_number_labels_become_soft_at_inference_too():
    layer = CutMix(num_classes=3)
    for labels in (np.array([2, 0]), np.array([2.0, 0.0], "float32"), np.uint8([2, 0])):
        _, targets = layer(np.ones((2, 4, 4, 1), "float32"), labels)
        np.testing.assert_array_equal(targets, [[0, 0, 1], [1, 0, 0]])
        assert targets.dtype == tf.float32


def test_the_probability_decides_per_batch():
    layer = CutMix(probability=0.25, num_classes=8, seed=0)
    x = np.random.default_rng(0).normal(size=(8, 16, 16, 1)).astype("float32")
    mixing = tf.function(lambda: layer(x, np.arange(8), training=True)[0])
    mixed = [(np.asarray(mixing()) != x).any() for _ in range(200)]
    # 50 expected, standard deviation 6.1; a few rectangles are too small to be seen
    assert 28 <= sum(mixed) <= 72


@pytest.mark.parametrize("beta", [0.2, 0.5, 1.0, 2.0, 8.0])
def test_the_kept_share_has_the_moments_of_its_distribution(beta):
    seed = keras.random.SeedGenerator(0)
    draw = tf.function(lambda: symmetric_beta(beta, seed, (20000,)), jit_compile=True)
    shares = np.asarray(draw(), "float64")
    assert (shares >= 0).all()
    assert (shares <= 1).all()
    variance = 1 / (4 * (2 * beta + 1))
    fourth = 3 / (16 * (2 * beta + 1) * (2 * beta + 3))
    assert shares.mean() == pytest.approx(0.5, abs=4 * math.sqrt(variance / 20000))
    assert shares.var() == pytest.approx(variance, rel=0.05)
    assert ((shares - 0.5) ** 4).mean() == pytest.approx(fourth, rel=0.08)


def test_a_share_of_beta_one_is_uniform():
    seed = keras.random.SeedGenerator(3)
    shares = np.sort(symmetric_beta(1.0, seed, (20000,)))
    distance = np.abs(shares - (np.arange(20000) + 0.5) / 20000).max()
    assert distance < 1.63 / math.sqrt(20000)  # Kolmogorov-Smirnov at 1 %


def test_every_centre_and_permutation_comes():
    layer = CutMix(num_classes=3, seed=0)
    drawing = tf.function(lambda: layer._draw(3, 2, 5))
    draws = [drawing() for _ in range(200)]
    centres = {tuple(np.asarray(draw.centre)) for draw in draws}
    assert centres == {(row, column) for row in range(2) for column in range(5)}
    permutations = {tuple(np.asarray(draw.permutation)) for draw in draws}
    assert len(permutations) == 6


def test_channels_first_is_the_transposed_result():
    x = np.random.default_rng(0).normal(size=(3, 5, 7, 2)).astype("float32")
    labels = np.arange(3)
    options = {"num_classes": 3, "seed": 1}
    last, targets = CutMix(**options, data_format="channels_last")(x, labels, training=True)
    first = CutMix(**options, data_format="channels_first")
    result, same = first(x.transpose(0, 3, 1, 2), labels, training=True)
    np.testing.assert_array_equal(np.asarray(result).transpose(0, 2, 3, 1), last)
    np.testing.assert_array_equal(same, targets)


@pytest.mark.parametrize("jit", [False, True])
def test_unknown_sizes_compiled(jit):
    layer = CutMix(0.5, num_classes=4)
    images, labels = tf.TensorSpec((None, None, None, 1)), tf.TensorSpec((None,), "int64")
    draw = CutMixDraw(tf.TensorSpec(()), tf.TensorSpec((None,), "int32"), tf.TensorSpec(2, "int32"))
    fixed = tf.function(
        lambda x, t, d: layer(x, t, training=True, draw=d),
        input_signature=[images, labels, draw],
        jit_compile=jit,
    )
    drawing = tf.function(
        lambda x, t: layer(x, t, training=True),
        input_signature=[images, labels],
        jit_compile=jit,
    )
    for batch, height, width in [(1, 7, 4), (3, 3, 8)]:
        x, labels = of_one_colour(batch, height, width), np.arange(batch)
        given = draw_of(0.3, np.arange(batch)[::-1], [2, 3])
        results = fixed(x, labels, given), layer(x, labels, training=True, draw=given)
        np.testing.assert_array_equal(results[0][0], results[1][0])
        np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-6)
        images, targets = drawing(x, labels)
        np.testing.assert_allclose(targets, shares_of_colours(images, 4), atol=1e-6)


def test_mixed_precision_keeps_float32_targets():
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 1)).astype("float32")
    draw = draw_of(0.7501, [1, 0], [2, 2])
    images, targets = CutMix(num_classes=2, dtype="mixed_float16")(
        x, np.array([0, 1]), training=True, draw=draw
    )
    assert keras.backend.standardize_dtype(images.dtype) == "float16"
    assert keras.backend.standardize_dtype(targets.dtype) == "float32"
    # √0.2499 of 4 pixels is one pixel and a bit; half of it is none. In float16 it were two.
    np.testing.assert_array_equal(images, x.astype("float16"))


def test_in_a_tf_data_pipeline():
    layer = CutMix(num_classes=2, seed=0)
    x, labels = np.random.default_rng(0).normal(size=(32, 4, 4, 1)), np.arange(32) % 2
    data = tf.data.Dataset.from_tensor_slices((x.astype("float32"), labels)).batch(8)
    data = data.map(lambda images, labels: layer(images, labels, training=True))
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True))
    history = model.fit(data, epochs=2, shuffle=False, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    soft = np.concatenate([targets for _, targets in data.as_numpy_iterator()])
    assert ((soft > 0) & (soft < 1)).any()


def test_in_a_functional_model():
    image, label = keras.Input((None, None, 3)), keras.Input((), dtype="int32")
    images, targets = CutMix(num_classes=5)(image, label)
    assert images.shape == (None, None, None, 3)
    assert targets.shape == (None, 5)
    model = keras.Model([image, label], [images, targets])
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("float32")
    same, soft = model([x, np.array([1, 4])])
    np.testing.assert_array_equal(same, x)
    np.testing.assert_array_equal(soft, np.eye(5)[[1, 4]])


def test_wrong_arguments():
    for beta in (0, -1.0, float("nan"), float("inf"), True):
        with pytest.raises(ValueError, match="Expected a positive finite beta"):
            CutMix(beta)
    with pytest.raises(ValueError, match="probability to be a number between 0 and 1"):
        CutMix(probability=2)
    with pytest.raises(ValueError, match="num_classes to be a whole number of at least 1"):
        CutMix(num_classes=0)
    images = np.ones((2, 4, 4, 3), "float32")
    with pytest.raises(ValueError, match=r"shape \(2,\) and num_classes=None came"):
        CutMix()(images, np.array([0, 1]))
    with pytest.raises(ValueError, match=r"shape \(2, 4\) and num_classes=3 came"):
        CutMix(num_classes=3)(images, np.eye(4)[:2])
    with pytest.raises(ValueError, match="CutMix expects batch × height × width × channels"):
        CutMix(num_classes=3)(images[0], np.array([0]))
