"""The attention-based dropout layer: recorded values, boundaries, properties, draws."""

import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from keras import layers, ops

from tfwsol.layers import ADL

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "adl" / "adl_layer.npz"
CASES = 14
EXACT = ("ties", "zeros", "const")
IMPORTANCE, DROP = 0.0, 0.99  # draws that choose a branch at the default rate

maps = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.just(2)),
    elements=st.integers(-40, 40).map(lambda n: n / 8),  # exact in every step of the mask
)
shares = st.integers(0, 8).map(lambda n: n / 8)


def case(index):
    """The arrays of one recorded case, channels last, and its (draw, output, gradient) list."""
    with np.load(GOLDEN) as file:
        found = {k[4:]: file[k] for k in file.files if k.startswith(f"c{index:02d}_")}
    last = {k: a.transpose(0, 2, 3, 1) for k, a in found.items() if a.ndim == 4}
    numbers = {k: a for k, a in found.items() if a.ndim == 0}
    runs = []
    while f"u{len(runs)}_u" in found:
        n = len(runs)
        runs.append((numbers[f"u{n}_u"], last[f"u{n}_y"], last[f"u{n}_grad_x"]))
    return {**last, **numbers}, runs


def output_and_gradient(layer, x, upstream, draw):
    x = ops.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True, draw=draw)
        score = tf.reduce_sum(y * upstream)
    return np.asarray(y), np.asarray(tape.gradient(score, x))


def comparable(recorded):
    """Cells that summing in another order cannot flip; in the exact cases all of them."""
    attention = recorded["attention"]
    highest = attention.max(axis=(1, 2, 3), keepdims=True)
    near = abs(attention - recorded["gamma"] * highest) <= 1e-6 * abs(highest)
    return ~near | (str(recorded["kind"]) in EXACT)


def drop_mask_by_hand(x, gamma):
    attention = x.astype("float64").mean(-1, keepdims=True)
    return attention < gamma * attention.max(axis=(1, 2, 3), keepdims=True)


def test_every_recorded_case_is_there():
    with np.load(GOLDEN) as file:
        assert int(file["n_cases"]) == CASES
        draws = [name for name in file.files if name.endswith("_u")]
    assert sum(len(case(index)[1]) for index in range(CASES)) == len(draws) == 30


@pytest.mark.parametrize("index", range(CASES))
def test_forward_and_backward_as_recorded(index):
    recorded, runs = case(index)
    layer = ADL(recorded["rate"], recorded["gamma"])
    x, kept = recorded["x"], comparable(recorded)
    attention = layer.attention(x)
    tolerance = {"rtol": 2e-6, "atol": 1e-6}
    np.testing.assert_allclose(attention, recorded["attention"], **tolerance)
    np.testing.assert_allclose(ops.sigmoid(attention), recorded["importance"], **tolerance)
    mask = np.asarray(layer.drop_mask(attention))
    np.testing.assert_array_equal(mask[kept], recorded["drop_mask"][kept])
    kept = np.broadcast_to(kept, x.shape)
    for draw, y, gradient in runs:
        ours = output_and_gradient(layer, x, recorded["gy"], draw)
        np.testing.assert_allclose(ours[0][kept], y[kept], **tolerance)
        np.testing.assert_allclose(ours[1][kept], gradient[kept], **tolerance)
        if str(recorded["kind"]) in EXACT and np.floor(draw + recorded["rate"]) == 1:
            np.testing.assert_array_equal(ours, (y, gradient))
    np.testing.assert_array_equal(layer(x, training=False), x)


def test_by_hand():
    """Attention 1, 2, 4 and threshold 3: the last cell is dropped, or σ weighs all three."""
    x = np.array([[[[0.0, 2.0], [1.0, 3.0], [4.0, 4.0]]]], "float32")
    layer = ADL(0.75, 0.75)
    np.testing.assert_array_equal(
        layer(x, training=True, draw=0.25), [[[[0.0, 2.0], [1.0, 3.0], [0.0, 0.0]]]]
    )
    weighted = layer(x, training=True, draw=0.24)
    sigma = 1 / (1 + np.exp(-np.array([1.0, 2.0, 4.0])))
    np.testing.assert_allclose(weighted, x * sigma[None, None, :, None], rtol=1e-6)


@pytest.mark.parametrize(
    ("value", "gamma", "share_kept"),
    [(0.0, 0.8, 0), (3.0, 0.8, 0), (3.0, 1.0, 0), (-2.0, 0.8, 1), (-2.0, 1.0, 0), (2.0, 0.0, 0)],
)
def test_boundaries_of_a_constant_map(value, gamma, share_kept):
    x = np.full((2, 3, 3, 4), value, "float32")
    y = ADL(1.0, gamma)(x, training=True)
    np.testing.assert_array_equal(y, x * share_kept)


def test_boundaries_of_the_threshold():
    x = np.arange(9, dtype="float32").reshape(1, 3, 3, 1)
    only_the_peak = np.asarray(ADL(1.0, 1.0)(x, training=True))
    np.testing.assert_array_equal(only_the_peak, np.where(x == 8, 0, x))
    np.testing.assert_array_equal(ADL(1.0, 0.0)(x, training=True), 0 * x)
    signed = x - 4
    np.testing.assert_array_equal(ADL(1.0, 0.0)(signed, training=True), np.minimum(signed, 0))


@pytest.mark.parametrize("draw", [0.0, 0.5, np.nextafter(np.float32(1), np.float32(0))])
def test_rates_of_zero_and_one_leave_nothing_to_chance(draw):
    x = np.random.default_rng(0).uniform(0.1, 1, (2, 4, 4, 3)).astype("float32")
    never = np.asarray(ADL(0.0)(x, training=True, draw=draw))
    always = np.asarray(ADL(1.0)(x, training=True, draw=draw))
    assert (never > 0).all()
    assert (never < x).all()
    np.testing.assert_array_equal(always, x * drop_mask_by_hand(x, 0.8))


@given(x=maps, gamma=shares)
@settings(max_examples=40, deadline=None)
def test_the_threshold_of_a_sample_ignores_the_rest_of_the_batch(x, gamma):
    layer = ADL(1.0, gamma)
    together = np.asarray(layer(x, training=True))
    np.testing.assert_array_equal(together, x * drop_mask_by_hand(x, gamma))
    alone = np.concatenate([layer(one[None], training=True) for one in x])
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(layer(x[::-1], training=True), together[::-1])


@given(x=maps, rate=shares, gamma=shares, draw=st.floats(0, 1, width=32, exclude_max=True))
@settings(max_examples=40, deadline=None)
def test_every_call_takes_one_of_two_branches(x, rate, gamma, draw):
    y = np.asarray(ADL(rate, gamma)(x, training=True, draw=draw))
    dropped = np.floor(np.float32(draw) + np.float32(rate)) >= 1
    if dropped:
        np.testing.assert_array_equal(y, x * drop_mask_by_hand(x, gamma))
    else:
        importance = 1 / (1 + np.exp(-x.astype("float64").mean(-1, keepdims=True)))
        np.testing.assert_allclose(y, x * importance, rtol=2e-6)


@given(
    x=arrays.arrays(
        np.float32,
        st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
        elements=st.floats(width=32),
    )
)
@settings(max_examples=30, deadline=None)
def test_inference_gives_back_every_bit(x):
    """Not-a-number, infinities and negative zeros too."""
    for training in (None, False):
        y = np.asarray(ADL(seed=0)(x, training=training))
        assert y.tobytes() == x.tobytes()


def test_the_importance_map_is_not_detached():
    x = np.full((1, 1, 1, 2), 2.0, "float32")
    upstream = np.array([[[[1.0, 3.0]]]], "float32")
    _, gradient = output_and_gradient(ADL(), x, upstream, IMPORTANCE)
    sigma = 1 / (1 + np.exp(-2.0))
    through_the_map = 0.5 * sigma * (1 - sigma) * (1 * 2 + 3 * 2)
    np.testing.assert_allclose(gradient, upstream * sigma + through_the_map, rtol=1e-6)


def drops_of(layer, x, calls):
    dropped = [(np.asarray(layer(x, training=True)) == 0).any(axis=(1, 2, 3)) for _ in range(calls)]
    return np.stack(dropped)


def test_one_draw_serves_the_whole_batch_and_calls_differ():
    x = np.random.default_rng(0).uniform(0.1, 1, (8, 3, 3, 2)).astype("float32")
    dropped = drops_of(ADL(0.75, seed=3), x, 200)
    assert (dropped == dropped[:, :1]).all()
    # 150 expected, standard deviation 6.1
    assert 125 <= dropped[:, 0].sum() <= 175
    np.testing.assert_array_equal(drops_of(ADL(0.75, seed=3), x, 20), dropped[:20])
    assert (drops_of(ADL(0.75, seed=4), x, 50) != dropped[:50]).any()


def test_two_layers_draw_independently():
    x = np.ones((1, 2, 2, 1), "float32")
    keras.utils.set_random_seed(1)
    first, second = (drops_of(ADL(0.5), x, 100)[:, 0] for _ in range(2))
    agreements = (first == second).sum()
    assert 30 <= agreements <= 70


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("draw", [IMPORTANCE, DROP])
def test_mixed_precision_computes_the_map_in_float32(policy, draw):
    half = policy[6:]
    # In half precision the sum of the large channels overflows and the small ones are lost.
    x = np.full((1, 2, 2, 2000), 100.0, "float32")
    x[0, 0, 0, :3] += 1
    layer = ADL(0.75, 1.0, dtype=policy)
    y = layer(x, training=True, draw=draw)
    assert keras.backend.standardize_dtype(y.dtype) == half
    attention = layer.attention(ops.cast(x, half))
    assert keras.backend.standardize_dtype(attention.dtype) == "float32"
    exact = np.asarray(ops.cast(ops.cast(x, half), "float32"))
    if draw == DROP:
        expected = exact * drop_mask_by_hand(exact, 1.0)
        assert (expected.all(axis=-1) == [[[False, True], [True, True]]]).all()
    else:
        expected = exact  # σ(100) is 1
    np.testing.assert_array_equal(ops.cast(y, "float32"), expected)
    same = ops.cast(x, half)
    np.testing.assert_array_equal(
        ops.cast(layer(same, training=False), "float32"), ops.cast(same, "float32")
    )


def test_a_given_draw_is_not_rounded_to_half_precision():
    """The nearest float16 of 0.24999 is 0.25."""
    x = np.ones((1, 2, 2, 1), "float16")
    layer = ADL(0.75, dtype="mixed_float16")
    for draw, dropped in [(0.24999, False), (0.25, True)]:
        y = np.asarray(layer(x, training=True, draw=ops.convert_to_tensor(draw, "float32")))
        assert (y == 0).all() == dropped


def test_double_precision_stays_double():
    x = np.random.default_rng(0).normal(size=(2, 3, 3, 2))
    y = ADL(dtype="float64")(x, training=True, draw=IMPORTANCE)
    importance = 1 / (1 + np.exp(-x.mean(-1, keepdims=True)))
    np.testing.assert_allclose(y, x * importance, rtol=1e-14)


def test_channels_first_is_the_transposed_result():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    last = ADL(1.0, data_format="channels_last")(x, training=True)
    first = ADL(1.0, data_format="channels_first")(x.transpose(0, 3, 1, 2), training=True)
    np.testing.assert_array_equal(np.asarray(first).transpose(0, 2, 3, 1), last)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("draw", [IMPORTANCE, DROP])
def test_compiled_gives_the_same(jit, draw):
    layer = ADL()
    unknown = tf.TensorSpec((None, None, None, 3))
    compiled = tf.function(
        lambda x, u: layer(x, training=True, draw=u),
        input_signature=[unknown, tf.TensorSpec(())],
        jit_compile=jit,
    )
    for shape in [(1, 4, 6, 3), (3, 5, 2, 3)]:
        x = np.random.default_rng(1).normal(size=shape).astype("float32")
        result = compiled(x, draw)
        np.testing.assert_allclose(result, layer(x, training=True, draw=draw), rtol=1e-5)


@pytest.mark.parametrize("jit", [False, True])
def test_a_compiled_call_draws_anew_each_time(jit):
    layer = ADL(0.5, seed=1)
    compiled = tf.function(lambda x: layer(x, training=True), jit_compile=jit)
    dropped = [not np.asarray(compiled(tf.ones((1, 2, 2, 1)))).any() for _ in range(40)]
    assert 8 <= sum(dropped) <= 32


def test_unknown_sizes_in_a_functional_model():
    image = keras.Input((None, None, 3))
    result = ADL()(image)
    assert result.shape == (None, None, None, 3)
    model = keras.Model(image, layers.GlobalAveragePooling2D()(result))
    for size in (4, 7):
        x = np.random.default_rng(0).normal(size=(2, size, size + 1, 3)).astype("float32")
        np.testing.assert_allclose(model(x), x.mean(axis=(1, 2)), atol=1e-6)


def test_a_draw_may_come_through_the_graph():
    image, draw = keras.Input((2, 2, 1)), keras.Input(batch_shape=())
    model = keras.Model([image, draw], ADL()(image, draw=draw))
    x = np.ones((1, 2, 2, 1), "float32")
    dropped = model([x, np.float32(DROP)], training=True)
    weighted = model([x, np.float32(IMPORTANCE)], training=True)
    assert not np.asarray(dropped).any()
    assert np.asarray(weighted).all()


def test_configuration_round_trip():
    layer = ADL(0.5, 0.9, seed=7, data_format="channels_first", name="mine", dtype="mixed_float16")
    config = layer.get_config()
    assert (config["drop_rate"], config["drop_threshold"], config["seed"]) == (0.5, 0.9, 7)
    twin = ADL.from_config(config)
    assert twin.get_config() == config
    assert twin.compute_dtype == "float16"
    assert layer.compute_output_shape((None, 7, None, 3)) == (None, 7, None, 3)
    assert layer.weights == []


@pytest.mark.parametrize("name", ["drop_rate", "drop_threshold"])
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf"), "0.5", None, True])
def test_shares_outside_zero_to_one(name, value):
    with pytest.raises(ValueError, match=f"{name} to be a number between 0 and 1, but .* came"):
        ADL(**{name: value})


def test_wrong_inputs():
    for shape in [(2, 8), (2, 8, 3), (2, 8, 8, 8, 3)]:
        with pytest.raises(ValueError, match="ADL expects batch × height × width × channels"):
            ADL()(np.ones(shape, "float32"))
    with pytest.raises(ValueError, match="'channels_first' or None, but 'NHWC' came"):
        ADL(data_format="NHWC")
