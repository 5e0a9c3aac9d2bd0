"""L2-CAF against runs of the two published programs."""

import pathlib

import numpy as np
import pytest

from tfwsol.methods import L2CAF

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "l2caf"
GOLDEN_FILES = sorted(GOLDEN.glob("pt_*.npz"))
FILTER_TYPES = {"l2norm": "l2", "softmax": "softmax", "gauss": "gaussian"}


def reference(run, **options):
    meta = run.meta
    if run.name.startswith("pt_"):
        settings = {
            "preset": "pytorch",
            "max_iterations": meta["max_iter"],
            "tolerance": meta["min_error"],
        }
    else:
        settings = {
            "preset": "tf1",
            "filter_type": FILTER_TYPES[meta["filter_type"]],
            "initial": run.arrays["init"],
            "max_iterations": meta["max_iters"],
            "tolerance": meta["tol"],
        }
    settings |= {"learning_rate": meta["lr"], "solver": "reference", "film": 1, "sign": "signed"}
    method = L2CAF(run.model, run.cut, objective=run.objective, **settings, **options)
    return method.localize(run.images, run.class_ids)


def unit(raw):
    return raw / np.linalg.norm(raw, axis=(-2, -1), keepdims=True)


def assert_losses_agree(ours, recorded):
    # A loss that crosses zero keeps the rounding of the logits it is the sum of.
    scale = np.maximum(np.abs(recorded), 1.0)
    known = ~np.isnan(recorded)
    np.testing.assert_array_less((np.abs(ours - recorded) / scale)[known], 1e-5)


def may_stop_elsewhere(run, checks_at):
    """True where float32 rounding decides between two checks (README of the goldens)."""
    tolerance = run.meta.get("min_error", run.meta.get("tol"))
    checks = np.atleast_2d(run.arrays["check_losses"])
    changes = np.abs(np.diff(checks, axis=1))[:, : checks_at // 50 + 1]
    spacing = np.spacing(np.nanmax(np.abs(checks)).astype(np.float32))
    return np.nanmin(changes) < 3 * max(tolerance, spacing)


def test_networks_are_the_recorded_ones(golden, pt_name):
    run = golden(pt_name)
    np.testing.assert_allclose(run.model(run.images), run.arrays["NT"], atol=5e-6)


def test_pytorch_program(golden, pt_name):
    run = golden(pt_name)
    result = reference(run)
    steps = min(50, result.details["film"].shape[2])
    film = result.details["film"].numpy()[0, :, :steps]
    assert_losses_agree(
        result.details["film_loss"].numpy()[0, :, :steps], run.arrays["losses"][:, :steps]
    )
    recorded = unit(run.arrays["filters"][:, :steps])
    np.testing.assert_allclose(film, recorded, atol=5e-5 * np.abs(recorded).max())
    np.testing.assert_allclose(
        result.details["loss"].numpy()[0], run.arrays["last_loss"], rtol=2e-4, atol=2e-5
    )
    stopped = result.details["iterations"].numpy()[0]
    for row, (ours, theirs) in enumerate(zip(stopped, run.arrays["iterations"], strict=True)):
        if ours == theirs:
            ours_final = result.maps.numpy()[0, row]
            np.testing.assert_allclose(ours_final, unit(run.arrays["final_raw"][row]), atol=1e-4)
        else:
            assert ours in run.arrays["f64_iterations"] or may_stop_elsewhere(run, theirs)


def test_tf1_program(golden, tf1_name):
    run = golden(tf1_name)
    result = reference(run)
    assert_losses_agree(result.details["film_loss"].numpy()[0, 0, :50], run.arrays["losses"])
    final = result.maps.numpy()[0, 0]
    if run.meta["filter_type"] == "l2norm":
        np.testing.assert_allclose(
            result.details["film"].numpy()[0, 0, :50],
            unit(run.arrays["filters"][..., 0]),
            atol=5e-5,
        )
        final = np.abs(final)
    iterations = int(result.details["iterations"].numpy()[0, 0])
    recorded = int(run.arrays["steps_taken"]) - 1
    if iterations == recorded:
        np.testing.assert_allclose(final, run.arrays["final_mask"], atol=1e-4)
    else:
        assert may_stop_elsewhere(run, recorded) or iterations == run.meta["max_iters"]


@pytest.mark.parametrize("name", [path.stem for path in GOLDEN_FILES if "gaplin" in path.stem])
def test_exact_is_the_global_optimum(golden, name):
    run = golden(name)
    method = L2CAF(run.model, run.cut, run.objective, solver="exact", sign="signed")
    result = method.localize(run.images, run.class_ids)
    np.testing.assert_allclose(result.maps.numpy()[0], run.arrays["opt_filter"], atol=1e-5)
    np.testing.assert_allclose(
        result.details["loss"].numpy()[0], run.arrays["opt_loss"], rtol=1e-5, atol=1e-5
    )
    bound = run.arrays["last_loss"] + 1e-5 * np.maximum(1, np.abs(run.arrays["last_loss"]))
    assert (result.details["loss"].numpy()[0] <= bound).all()


def test_exact_behind_a_relu_beats_the_published_loop(golden):
    run = golden("pt_densetail_spc_7")
    result = L2CAF(run.model, run.cut, solver="exact").localize(run.images, run.class_ids)
    assert (result.details["loss"].numpy()[0] <= run.arrays["last_loss"] + 1e-5).all()


def test_auto_reaches_the_published_losses_in_few_evaluations(golden):
    names = [path.stem for path in GOLDEN_FILES]
    missed = []
    for name in names:
        run = golden(name)
        result = L2CAF(run.model, run.cut, run.objective).localize(run.images, run.class_ids)
        loss, bound = result.details["loss"].numpy()[0], run.arrays["last_loss"]
        assert result.details["iterations"].numpy().max() <= 60
        late = loss > bound + 2e-6 * np.maximum(1, np.abs(bound))
        missed += [f"{name}[{row}]" for row in np.flatnonzero(late)]
        # What is missed is missed narrowly: another dent of the same kinked valley.
        assert (loss <= bound + 1e-3 * np.maximum(1, np.abs(bound))).all()
    assert len(missed) <= 2, missed


def test_power_iteration_solves_a_linear_tail_in_one_step(golden):
    run = golden("pt_gaplin_spc_7")
    method = L2CAF(run.model, run.cut, solver="power", sign="signed")
    result = method.localize(run.images, run.class_ids)
    np.testing.assert_allclose(result.maps.numpy()[0], run.arrays["opt_filter"], atol=1e-5)
    assert result.details["converged"].numpy().all()
