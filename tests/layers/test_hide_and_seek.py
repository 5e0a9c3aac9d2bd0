"""Random holes in training images: recorded ones, statistics, shapes, precision, pipelines."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfwsol.layers import HideAndSeek

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "adl" / "baselines.npz"


def recorded(index):
    """Images, grid, rate, the draws in the order they were used, and the result."""
    with np.load(GOLDEN) as file:
        x, (grid, rate), u, y = (file[f"has{index}_{name}"] for name in ("x", "cfg", "u", "y"))
    return x.transpose(0, 2, 3, 1), int(grid), rate, u, y.transpose(0, 2, 3, 1)


def hides_whole_cells(kept, grid):
    corners = kept[:, ::grid, ::grid]
    cells = corners.repeat(grid, axis=1).repeat(grid, axis=2)
    return (kept == cells[:, : kept.shape[1], : kept.shape[2]]).all()


@pytest.mark.parametrize("index", range(4))
def test_as_recorded(index):
    x, grid, rate, u, y = recorded(index)
    side = -(-x.shape[1] // grid) if grid else 0
    result = HideAndSeek(grid, rate)(x, training=True, draws=u.reshape(len(x), side, side))
    np.testing.assert_array_equal(result, y)


def test_as_recorded_where_the_sides_were_mixed_up():
    """The reference walks rows below the width and columns below the height of 20 × 12 images.

    Its third column of cells lies outside and its third row is never visited.
    """
    x, grid, rate, u, y = recorded(4)
    assert (x.shape, grid) == ((2, 20, 12, 1), 8)
    draws = np.ones((2, 3, 2))
    draws[:, :2] = u.reshape(2, 2, 3)[:, :, :2]
    result = HideAndSeek(grid, rate)(x, training=True, draws=draws)
    np.testing.assert_array_equal(result, y)


def test_by_hand():
    """Cells of two rows and columns in a 3 × 5 image; a draw at the rate hides."""
    draws = np.array([[[0.5, 0.51, 0.9], [0.9, 0.1, 0.0]]], "float32")
    result = HideAndSeek(2, 0.5)(np.ones((1, 3, 5, 1), "float32"), training=True, draws=draws)
    expected = [[0, 0, 1, 1, 1], [0, 0, 1, 1, 1], [1, 1, 0, 0, 0]]
    np.testing.assert_array_equal(result[0, :, :, 0], expected)


@given(
    batch=st.integers(1, 3),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    grid=st.integers(1, 10),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_cells_are_hidden_as_a_whole(batch, height, width, grid, seed):
    layer = HideAndSeek(grid, 0.5, seed=seed)
    kept = np.asarray(layer(np.ones((batch, height, width, 2), "float32"), training=True))
    assert set(np.unique(kept)) <= {0, 1}
    assert hides_whole_cells(kept, grid)


def test_images_have_holes_of_their_own_at_the_rate():
    layer = HideAndSeek(1, 0.3, seed=0)
    kept = np.asarray(layer(np.ones((4, 50, 50, 1), "float32"), training=True))
    # 3000 hidden of 10000 expected, standard deviation 46
    assert 2800 <= (kept == 0).sum() <= 3200
    assert (kept[0] != kept[1]).any()
    again = HideAndSeek(1, 0.3, seed=0)
    first = np.asarray(again(np.ones((4, 50, 50, 1), "float32"), training=True))
    np.testing.assert_array_equal(first, kept)
    second = np.asarray(again(np.ones((4, 50, 50, 1), "float32"), training=True))
    assert (second != kept).any()


@pytest.mark.parametrize(
    "layer", [HideAndSeek(0), HideAndSeek(2, 0.0), HideAndSeek()], ids=["grid", "rate", "inference"]
)
def test_nothing_hidden(layer):
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")
    training = layer.grid_size != 4
    assert np.asarray(layer(x, training=training)).tobytes() == x.tobytes()


def test_everything_hidden():
    x = np.ones((2, 5, 4, 3), "float32")
    assert not np.asarray(HideAndSeek(2, 1.0)(x, training=True)).any()


def test_channels_first_is_the_transposed_result():
    x = np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype("float32")
    last = HideAndSeek(2, seed=1, data_format="channels_last")(x, training=True)
    first = HideAndSeek(2, seed=1, data_format="channels_first")
    result = np.asarray(first(x.transpose(0, 3, 1, 2), training=True))
    np.testing.assert_array_equal(result.transpose(0, 2, 3, 1), last)


def test_mixed_precision_compares_in_float32():
    draws = np.array([[[0.30001, 0.3]]], "float32")
    layer = HideAndSeek(1, 0.3, dtype="mixed_bfloat16")
    result = layer(np.ones((1, 1, 2, 1), "float32"), training=True, draws=draws)
    assert keras.backend.standardize_dtype(result.dtype) == "bfloat16"
    np.testing.assert_array_equal(np.asarray(result, "float32").ravel(), [1, 0])


@pytest.mark.parametrize("jit", [False, True])
def test_unknown_sizes_compiled(jit):
    layer = HideAndSeek(3, seed=0)
    images, draws = tf.TensorSpec((None, None, None, 2)), tf.TensorSpec((None, None, None))
    fixed = tf.function(
        lambda x, u: layer(x, training=True, draws=u),
        input_signature=[images, draws],
        jit_compile=jit,
    )
    drawing = tf.function(
        lambda x: layer(x, training=True), input_signature=[images], jit_compile=jit
    )
    rng = np.random.default_rng(0)
    for shape, cells in [((1, 7, 4, 2), (1, 3, 2)), ((3, 3, 8, 2), (3, 1, 3))]:
        x, u = rng.normal(size=shape).astype("float32"), rng.uniform(size=cells).astype("float32")
        np.testing.assert_array_equal(fixed(x, u), layer(x, training=True, draws=u))
        first, second = (np.asarray(drawing(np.ones(shape, "float32"))) for _ in range(2))
        assert hides_whole_cells(first, 3)
        assert (first != second).any()


def test_in_a_tf_data_pipeline():
    layer = HideAndSeek(2, seed=0)
    data = tf.data.Dataset.from_tensor_slices(np.ones((64, 4, 4, 1), "float32")).batch(8)
    batches = list(data.map(lambda x: layer(x, training=True)).as_numpy_iterator())
    assert len({batch.tobytes() for batch in batches}) == 8
    assert 80 <= sum((batch[:, ::2, ::2] == 0).sum() for batch in batches) <= 176


def test_only_training_hides_in_a_model():
    image = keras.Input((None, None, 3))
    result = HideAndSeek(2, seed=0)(image)
    assert result.shape == (None, None, None, 3)
    model = keras.Model(image, result)
    x = np.ones((2, 6, 6, 3), "float32")
    np.testing.assert_array_equal(model(x), x)
    assert 0 < np.asarray(model(x, training=True)).mean() < 1


def test_wrong_arguments():
    with pytest.raises(ValueError, match="grid_size to be a whole number of at least 0"):
        HideAndSeek(-1)
    with pytest.raises(ValueError, match="drop_rate to be a number between 0 and 1"):
        HideAndSeek(4, 1.5)
    with pytest.raises(ValueError, match="HideAndSeek expects batch × height × width × channels"):
        HideAndSeek()(np.ones((4, 4, 3), "float32"))
