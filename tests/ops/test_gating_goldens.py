"""Every published top-down step through the compiled operations and their twins."""

from pathlib import Path

import numpy as np
import pytest

from tfwsol.ops import bridge_gating, conv_gating, dense_gating, pack_kernel, pool_gating

GOLDEN = Path(__file__).parents[1] / "golden" / "stnet"
pytestmark = pytest.mark.usefixtures("both_ways")


def files(pattern):
    found = sorted(path.stem for path in GOLDEN.glob(f"{pattern}.npz"))
    assert found
    return found


def load(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        return dict(file)


def cases(name):
    """The cases of a file: itself, or its parts of one prefix each."""
    arrays = load(name)
    if "h" in arrays:
        return [arrays]
    prefixes = sorted({key.split("_")[0] for key in arrays})
    return [
        {key[len(prefix) + 1 :]: value for key, value in arrays.items() if key.startswith(prefix)}
        for prefix in prefixes
    ]


def last(array):
    """From channels first to channels last."""
    return np.moveaxis(array, 1, -1)


def keras(array):
    """From output × input channels × height × width to Keras' layout."""
    return np.transpose(array, (2, 3, 1, 0))


def close_gates(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def close_theta(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)


def conv(case, **options):
    _, stride, padding, groups = case["cfg"].tolist()
    arrays = last(case["h"]), keras(case["w"]), last(case["g_top"])
    return conv_gating(*arrays, stride, padding, groups, **options)


@pytest.mark.parametrize("name", [*files("conv_[0-9]*"), *files("conv_edge*")])
@pytest.mark.parametrize("literal", [False, True])
def test_convolutions(name, literal):
    for case in cases(name):
        below, theta = conv(case, literal=literal, return_theta=True)
        close_gates(below, last(case["g_bot"]))
        close_theta(theta, last(case["theta"]))


@pytest.mark.parametrize("name", ["conv_01_k11s4p2_signed_dense", "conv_04_k3s1p1_groups2"])
def test_gates_of_the_kernel(name):
    case = load(name)
    _, gates, hits = conv(case, return_kernel_gates=True)
    close_gates(gates, keras(case["kernel_gating"]))
    np.testing.assert_array_equal(hits, keras(case["kernel_hits"]))


@pytest.mark.parametrize(("literal", "wanted"), [(False, "g_bot_positive_only"), (True, "g_bot")])
def test_small_thetas(literal, wanted):
    for case in cases("conv_hazard_theta_le_eps"):
        below, theta = conv(case, literal=literal, return_theta=True)
        close_gates(below, last(case[wanted]))
        close_theta(theta, last(case["theta"]))
        assert literal or np.isfinite(below).all()


@pytest.mark.parametrize("name", files("pool_*"))
def test_pools(name):
    case = load(name)
    size, stride, padding, mode, offset = case["cfg"].tolist()
    mode = ["1", "ALL", "699"][mode]
    arrays = last(case["h"]), last(case["g_top"])
    below = pool_gating(*arrays, size, stride, padding, mode=mode, offset=offset)
    close_gates(below, last(case["g_bot"]))


def dense(case, **options):
    settings = str(case["mode"]), int(case["offset"])
    return dense_gating(case["h"], case["w"].T, case["g_top"], *settings, **options)


@pytest.mark.parametrize("name", files("linear_*"))
@pytest.mark.parametrize("literal", [False, True])
def test_dense_layers(name, literal):
    case = load(name)
    below, theta = dense(case, literal=literal, return_theta=True)
    close_gates(below, case["g_bot"])
    close_theta(theta, case["theta"])


def test_gates_of_a_dense_kernel():
    case = load("linear_04_699_off1")
    _, theta, gates, hits = dense(case, return_theta=True, return_kernel_gates=True)
    close_theta(theta, case["theta"])
    close_gates(gates, case["kernel_gating"].T)
    np.testing.assert_array_equal(hits, case["kernel_hits"].T)


@pytest.mark.parametrize("name", files("bridge_*"))
def test_bridges(name):
    case = load(name)
    mode, offset = str(case["mode"]), int(case["offset"])
    start = case["g_top"].sum(axis=1)
    close_gates(bridge_gating(case["h"], start, mode, offset), case["g_bot"])
    if mode != "ALL":
        ones = np.ones((case["h"].shape[1], 1), np.float32)
        options = {"mode": mode, "offset": offset, "return_theta": True}
        below, theta = dense_gating(case["h"], ones, start[:, None], **options)
        close_gates(below, case["g_bot"])
        close_theta(theta, case["theta"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_packed_kernel_gives_the_same(dtype):
    case = load("conv_04_k3s1p1_groups2")
    x, kernel, gates = (
        array.astype(dtype) for array in (last(case["h"]), keras(case["w"]), last(case["g_top"]))
    )
    options = {"return_theta": True, "return_kernel_gates": True}
    plain = conv_gating(x, kernel, gates, 1, 1, 2, **options)
    packed = conv_gating(x, pack_kernel(kernel), gates, 1, 1, 2, packed=True, **options)
    close_gates(plain[0], last(case["g_bot"]))
    for one, other in zip(plain[:2], packed[:2], strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(plain[2:], packed[2:], strict=True):
        np.testing.assert_array_equal(pack_kernel(one), other)
