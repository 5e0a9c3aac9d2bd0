"""Runs are rebuilt from their directory alone, whatever the method and its options."""

import json

import keras
import numpy as np
import pytest

from tfwsol import data, methods
from tfwsol.training import CosineDecay, RunError, SGDRecipe, TrainingOptions
from tfwsol.training.trained_run import is_run, read_run
from tfwsol.training.training_job import TrainingJob, run_training
from tfwsol.training.training_run import TrainingRun

METRICS = {"best_epoch": 3, "chosen": "highest x on val", "finished": True}
METHODS = [
    ("cam", {}),
    ("adl", {"positions": ["relu3"], "drop_rate": 0.5}),
    ("has", {"grid_size": 8}),
    ("cutmix", {"beta": 0.5}),
    ("acol", {"threshold": 0.6, "width": 8}),
    (
        "spg",
        {
            "guides": ("pool2", "relu3"),
            "width": 8,
            "thresholds": ((0.7, 0.01), (0.5, 0.05), (0.7, 0.1)),
        },
    ),
]


def make_run(folder, method="cam", options=None, metrics=METRICS, about=True, **more):
    """The directory of a run as `fit` leaves it, of a model that was not trained."""
    more = {"backbone": "critter_net", "resize": 40, "image_size": 32, **more}
    job = TrainingJob(
        method, dataset="critters", run_dir=folder, method_options=options or {}, **more
    )
    training = TrainingOptions(seed=5)
    keras.utils.set_random_seed(1)
    model = job.build_model(3)
    identity = {
        "options": training.identity(),
        "model": [list(weight.shape) for weight in model.weights],
        "job": job.identity(),
    }
    run = TrainingRun(folder, identity, about={"class_names": ["a", "b", "c"]} if about else None)
    run.metrics = metrics
    run.save_metrics()
    run.save_weights(model, "best.weights.h5")
    for weight in model.weights:
        weight.assign(keras.ops.zeros_like(weight))
    run.save_weights(model, "last.weights.h5")
    model.load_weights(folder / "best.weights.h5")
    return model


@pytest.mark.parametrize(("method", "options"), METHODS)
def test_the_model_is_the_one_that_was_trained(tmp_path, method, options):
    model = make_run(tmp_path, method, options)
    loaded = read_run(tmp_path).load()
    assert loaded.model.method == method
    assert loaded.class_names == ["a", "b", "c"]
    assert loaded.image_size == (32, 32)
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    expected, found = model.localize(images, 1), loaded.model.localize(loaded.preprocess(images), 1)
    np.testing.assert_array_equal(found.maps, expected.maps)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert np.ptp(np.asarray(found.maps)) > 0


def test_every_method_is_tried():
    assert sorted(name for name, _ in METHODS) == methods.names()


def test_a_run_without_names_of_classes_is_rebuilt_by_its_shapes(tmp_path):
    model = make_run(tmp_path, "spg", {"width": 8}, about=False)
    run = read_run(tmp_path)
    assert run.class_names is None
    loaded = run.load()
    assert loaded.model.num_classes == 3
    assert loaded.class_names is None
    assert run.load(["x", "y", "z"]).class_names == ["x", "y", "z"]
    images = np.ones((1, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(loaded.model(images), model(images))


def test_weights_of_a_file_are_not_read_again_but_still_say_how_images_go_in(tmp_path):
    """A network that began with a PyTorch file is rebuilt without it."""
    folder = tmp_path / "run"
    make_run(folder)
    record = json.loads((folder / "training.json").read_text())
    record["identity"]["job"]["weights"] = "gone.pth"
    record["identity"]["job"]["preprocess"] = "torch"
    (folder / "training.json").write_text(json.dumps(record))
    loaded = read_run(folder).load()
    white = loaded.preprocess(np.full((1, 32, 32, 3), 255.0, np.float32))
    np.testing.assert_allclose(white[0, 0, 0], [2.2489, 2.4286, 2.64], atol=1e-3)


def test_the_best_weights_are_taken_else_the_last_else_those_that_were_named(tmp_path):
    make_run(tmp_path)
    run = read_run(tmp_path)
    assert run.weights.name == "best.weights.h5"
    assert run.chosen == "epoch 3: highest x on val"
    named = read_run(tmp_path / "last.weights.h5")
    assert named.weights.name == "last.weights.h5"
    assert not np.asarray(named.load().model.weights[0]).any()
    (tmp_path / "best.weights.h5").unlink()
    assert read_run(tmp_path).weights.name == "last.weights.h5"
    assert "none was scored" in read_run(tmp_path).chosen


def test_a_run_that_goes_on_is_said_to(tmp_path):
    make_run(tmp_path, metrics={**METRICS, "finished": False})
    assert read_run(tmp_path).chosen.endswith("so far; the run is not finished")


def test_what_is_a_run(tmp_path):
    assert is_run(tmp_path)
    (tmp_path / "alone.weights.h5").touch()
    assert not is_run(tmp_path / "alone.weights.h5")
    assert not is_run(tmp_path / "missing")
    make_run(tmp_path)
    assert is_run(tmp_path / "last.weights.h5")
    assert not is_run(tmp_path / "training.json")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "training.json").unlink(), "no run of scripts/train.py .*is missing"),
        (lambda f: (f / "training.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "training.json").write_text("[]"), "not the JSON of a training run"),
        (
            lambda f: (f / "training.json").write_text('{"identity": {"data": 1}}'),
            "another program",
        ),
        (
            lambda f: [(f / f"{name}.weights.h5").unlink() for name in ("best", "last")],
            "has no weights yet",
        ),
        (
            lambda f: (f / "best.weights.h5").write_bytes(b"no HDF5"),
            "does not hold the weights of the model",
        ),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path, spoil, said):
    make_run(tmp_path)
    spoil(tmp_path)
    with pytest.raises(RunError, match=said) as caught:
        read_run(tmp_path).load()
    assert "\n" not in str(caught.value)


def test_a_model_of_another_version_is_refused(tmp_path):
    make_run(tmp_path)
    record = json.loads((tmp_path / "training.json").read_text())
    record["identity"]["model"][0] = [9, 9]
    (tmp_path / "training.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match="other weights in this version"):
        read_run(tmp_path).load()


def test_names_for_another_number_of_classes_are_refused(tmp_path):
    make_run(tmp_path)
    with pytest.raises(RunError, match="has 3 classes, but 2 names came"):
        read_run(tmp_path).load(["a", "b"])


def test_a_model_may_have_more_classes_than_the_data(tmp_path):
    make_run(tmp_path, num_classes=5)
    loaded = read_run(tmp_path).load()
    assert loaded.model.num_classes == 5
    assert loaded.class_names == ["a", "b", "c"]


def test_a_real_run_records_names_and_the_best_threshold(tmp_path):
    sizes = {"train_size": 10, "val_size": 6, "test_size": 10, "image_size": 48}
    data.prepare("critters", None, tmp_path / "data", **sizes)
    job = TrainingJob(
        "cam",
        "critter_net",
        "critters",
        tmp_path / "run",
        SGDRecipe(1, 8, CosineDecay(0.01)),
        TrainingOptions(pictures=False),
        data_dir=tmp_path / "data",
        data_options=sizes,
        resize=50,
        image_size=48,
        score_test=False,
        protocols=("wsoleval", "adl"),
    )
    result = run_training(job, quiet=True)
    run = read_run(tmp_path / "run")
    assert run.class_names == list(data.critters.CLASS_NAMES)
    best = result.metrics["best"]["val"]
    assert [(t.rule, t.value) for t in run.thresholds] == [
        ("wsoleval", best["wsoleval threshold"]),
        ("adl", best["adl threshold"]),
    ]
    assert run.thresholds[0].words.startswith("best on the val split")
    np.testing.assert_array_equal(run.load().model.get_weights()[0], result.model.get_weights()[0])
    before = (tmp_path / "run" / "training.json").read_text()
    record = json.loads(before)
    del record["about"]
    (tmp_path / "run" / "training.json").write_text(json.dumps(record))
    assert read_run(tmp_path / "run").class_names is None
    assert run_training(job, quiet=True).steps_run == 0
    assert json.loads((tmp_path / "run" / "training.json").read_text()) == json.loads(before)
