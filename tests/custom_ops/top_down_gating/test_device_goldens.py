"""Every published top-down step through the code that runs on the GPU."""

import numpy as np
import pytest

from tfwsol.custom_ops.top_down_gating import harness

KINDS = ("conv", "pool", "linear", "bridge")
FILES = sorted(file for kind in KINDS for file in harness.GOLDENS.glob(f"{kind}_*.npz"))


def test_there_are_goldens_of_every_kind():
    assert {file.stem.split("_")[0] for file in FILES} == set(KINDS)
    assert len(FILES) > 20


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_published_steps(emulated, file):
    compared = harness.compare_file(emulated, file)
    assert compared or file.stem == "bridge_03_all"  # it hands its gates on, without a pass
    assert [one for one in compared if not one.agrees] == []


@pytest.mark.parametrize(
    ("name", "key", "what"),
    [
        ("conv_02_k3s1p1_sparse", "g_bot", "gates"),
        ("conv_02_k3s1p1_sparse", "theta", "theta"),
        ("conv_01_k11s4p2_signed_dense", "kernel_hits", "hits"),
        ("pool_01_k3s2_sparse", "g_bot", "gates"),
        ("linear_03_699_off0", "theta", "theta"),
        ("bridge_04_mode1", "g_bot", "gates"),
    ],
)
def test_a_wrong_number_is_seen(emulated, tmp_path, name, key, what):
    with np.load(harness.GOLDENS / f"{name}.npz") as file:
        case = dict(file)
    case[key].flat[np.argmax(case[key])] += 1e-3
    np.savez(tmp_path / f"{name}.npz", **case)
    compared = harness.compare_all(emulated, tmp_path)
    wrong = [one for one in compared if not one.agrees]
    assert {one.what.removeprefix("literal ") for one in wrong} == {what}
    assert all(one.worst == pytest.approx(1e-3, rel=0.01) for one in wrong)


def test_a_nan_where_there_is_none_is_infinitely_wrong():
    found = harness._compare("case", "gates", np.array([np.nan, 0]), np.zeros(2), harness.GATES)
    assert (found.agrees, found.worst) == (False, np.inf)
