import errno
import json

import keras
import numpy as np
import pytest

from tfwsol.training import DiskFullError, RunError
from tfwsol.training import training_run as module
from tfwsol.training.training_run import TrainingRun

IDENTITY = {"recipe": {"epochs": 3, "rate": 0.1}, "seed": 0}


def variables(value, *dtypes):
    return [keras.Variable(np.full((2,), value), dtype=d) for d in dtypes or ("float32",)]


def test_all_variables_come_back_with_their_position(tmp_path):
    kinds = ("float32", "bfloat16", "float16", "int64", "uint32")
    run = TrainingRun(tmp_path, IDENTITY)
    assert run.load(variables(0, *kinds)) == {}
    run.save(variables(3, *kinds), {"step": 7, "sums": [0.5]})
    again = TrainingRun(tmp_path, IDENTITY)
    fresh = variables(0, *kinds)
    assert again.load(fresh) == {"step": 7, "sums": [0.5]}
    for variable, kind in zip(fresh, kinds, strict=True):
        assert variable.dtype == kind
        assert keras.ops.convert_to_numpy(variable).astype(float).tolist() == [3.0, 3.0]


def test_the_directory_says_what_was_asked_and_by_which_versions(tmp_path):
    TrainingRun(tmp_path / "new" / "run", IDENTITY)
    content = json.loads((tmp_path / "new" / "run" / "training.json").read_text())
    assert content["identity"] == IDENTITY
    assert content["versions"]["keras"] == keras.__version__


def test_a_run_with_other_settings_is_not_touched(tmp_path):
    TrainingRun(tmp_path, IDENTITY).save(variables(1), {"step": 1})
    other = {"recipe": {"epochs": 3, "rate": 0.2}, "seed": 0}
    with pytest.raises(RunError, match=r"\(recipe.rate is 0.1 there and 0.2 here\); name another"):
        TrainingRun(tmp_path, other)
    with pytest.raises(RunError, match="extra is None there and 1 here"):
        TrainingRun(tmp_path, {**IDENTITY, "extra": 1})
    assert TrainingRun(tmp_path, IDENTITY).load(variables(0)) == {"step": 1}
    anew = TrainingRun(tmp_path, other, overwrite=True)
    assert anew.load(variables(0)) == {}
    assert not (tmp_path / "state.npz").exists()


def test_another_machine_only_reads(tmp_path):
    reader = TrainingRun(tmp_path / "none", IDENTITY, writes=False)
    reader.save(variables(1), {})
    reader.add_steps([(1, 1, 0.5, 0.1)])
    reader.cut_steps(0)
    reader.save_metrics()
    assert not (tmp_path / "none").exists()
    TrainingRun(tmp_path, IDENTITY).save(variables(1), {"step": 4})
    assert TrainingRun(tmp_path, IDENTITY, writes=False).load(variables(0)) == {"step": 4}


def test_the_state_of_another_model_is_refused(tmp_path):
    run = TrainingRun(tmp_path, IDENTITY)
    run.save(variables(1), {"step": 1})
    with pytest.raises(RunError, match="state of another model"):
        run.load([keras.Variable(np.zeros(3))])
    with pytest.raises(RunError, match="state of another model"):
        run.load(variables(0, "float32", "float32"))


def test_files_that_cannot_be_read_are_one_sentence(tmp_path):
    run = TrainingRun(tmp_path, IDENTITY)
    (tmp_path / "state.npz").write_bytes(b"broken")
    with pytest.raises(RunError, match=r"cannot be read .*; remove it"):
        run.load(variables(0))
    (tmp_path / "training.json").write_text("{")
    with pytest.raises(RunError, match="not the JSON of a training run"):
        TrainingRun(tmp_path, IDENTITY)
    with pytest.raises(RunError, match=r"without its best.weights.h5"):
        run.load_weights(keras.Sequential(), "best.weights.h5")


def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot be written .*; name another"):
        TrainingRun(tmp_path / "file" / "run", IDENTITY)


def test_variables_that_are_not_finite_are_not_saved(tmp_path):
    run = TrainingRun(tmp_path, IDENTITY)
    run.save(variables(1), {"step": 1})
    with pytest.raises(FloatingPointError, match=r"no longer finite, .* try a lower learning rate"):
        run.save(variables(np.inf), {"step": 2})
    assert run.load(variables(0)) == {"step": 1}


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("Can't write (errno = 28, error message = 'No space left on device')"),
        RuntimeError("failed (errno = 28, error message = 'No space left on device')"),
    ],
)
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, error):
    run = TrainingRun(tmp_path, IDENTITY)
    run.save(variables(1), {"step": 1})
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    run.save_weights(model, "best.weights.h5")
    kept = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def full(draft, *args, **kwargs):
        draft.write_bytes(b"half")
        raise error

    monkeypatch.setattr(module.np, "savez", full)
    with pytest.raises(DiskFullError, match=r"no room left .* goes on from the last state"):
        run.save(variables(2), {"step": 2})
    monkeypatch.setattr(model, "save_weights", full)
    with pytest.raises(DiskFullError, match="no room left"):
        run.save_weights(model, "best.weights.h5")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == kept
    assert run.load(variables(0)) == {"step": 1}


def test_steps_after_a_saved_state_are_cut_off(tmp_path):
    run = TrainingRun(tmp_path, IDENTITY)
    run.cut_steps(0)
    run.add_steps([(1, 1, 0.5, 0.1), (2, 1, 0.25, 0.1)])
    run.add_steps([(3, 2, 1 / 3, 0.01)])
    with (tmp_path / "steps.csv").open("a") as file:
        file.write("4,2,0.")
    run.cut_steps(2)
    run.add_steps([])
    assert (tmp_path / "steps.csv").read_text() == (
        "step,epoch,loss,learning_rate\n1,1,0.5,0.1\n2,1,0.25,0.1\n"
    )
