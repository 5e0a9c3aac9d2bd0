import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol import training

SHORT = training.Recipe(epochs=1, batch_size=10, max_shift=1)
RECIPE = training.Recipe(epochs=3, batch_size=8, max_shift=1, peak_learning_rate=0.05)


def examples(number, seed=0):
    """Dark and bright noise, which a linear model learns at once."""
    labels = np.arange(number) % 2
    noise = np.random.default_rng(seed).integers(0, 100, (number, 6, 6, 1))
    images = (noise + 120 * labels[:, None, None, None]).astype(np.uint8)
    return tf.data.Dataset.from_tensor_slices({"image": images, "label": labels})


def network(seed=0):
    image = keras.Input((6, 6, 1))
    x = keras.layers.Rescaling(1 / 128, -1.0)(image)
    kernel = keras.initializers.GlorotUniform(seed)
    x = keras.layers.Conv2D(4, 3, kernel_initializer=kernel)(x)
    x = keras.layers.BatchNormalization(momentum=0.5)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(2, kernel_initializer=kernel)(x))


def fit(run_dir, model=None, recipe=RECIPE, **more):
    model = model or network()
    more = {"train": examples(20), "validation": examples(8, 1), "verbose": 0} | more
    return model, training.fit(model, run_dir=run_dir, recipe=recipe, **more)


def weights_equal(a, b, **tolerance):
    return all(
        np.allclose(x, y, **tolerance)
        for x, y in zip(a.get_weights(), b.get_weights(), strict=True)
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("run")
    return run_dir, *fit(run_dir, options={"data": "noise"})


def test_it_learns(finished):
    _, model, record = finished
    assert record.epochs_run == 3
    assert record.history["loss"][-1] < record.history["loss"][0]
    assert record.history["val_accuracy"][-1] == 1.0
    assert record.best_epoch == 1 + record.history["val_accuracy"].index(1.0)
    images = np.stack([example["image"] for example in examples(8, 1).as_numpy_iterator()])
    assert (model(images).numpy().argmax(-1) == [0, 1] * 4).all()


def test_the_directory_tells_the_run(finished):
    run_dir, model, record = finished
    assert sorted(file.name for file in run_dir.iterdir()) == [
        "best.weights.h5",
        "final.weights.h5",
        "training.json",
    ]
    state = json.loads((run_dir / "training.json").read_text())
    assert state["history"] == record.history
    assert state["options"]["recipe"]["epochs"] == 3
    assert state["options"]["data"] == "noise"
    assert state["options"]["seed"] == 0
    assert state["versions"]["keras"] == keras.__version__
    loaded = network(seed=9)
    loaded.load_weights(run_dir / "final.weights.h5")
    assert weights_equal(loaded, model)


def test_a_finished_run_is_loaded(finished):
    run_dir, model, record = finished
    before = (run_dir / "training.json").read_bytes()
    loaded, again = fit(run_dir, network(seed=9), options={"data": "noise"})
    assert again.epochs_run == 0
    assert again.history == record.history
    assert weights_equal(loaded, model)
    assert (run_dir / "training.json").read_bytes() == before


class Killed(Exception):
    pass


class Kill(keras.callbacks.Callback):
    def __init__(self, epoch, batch):
        super().__init__()
        self._at = (epoch, batch)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self._epoch, batch) == self._at:
            raise Killed


def start_and_kill(run_dir, monkeypatch, epoch, batch):
    whole = keras.Model.fit

    def killed(model, *args, callbacks, **kwargs):
        return whole(model, *args, callbacks=[*callbacks, Kill(epoch, batch)], **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "fit", killed)
        with pytest.raises(Killed):
            fit(run_dir, options={"data": "noise"})


@pytest.mark.parametrize(("epoch", "epochs_left"), [(0, 3), (2, 1)])
def test_a_killed_run_goes_on_as_if_nothing_had_been(
    finished, tmp_path, monkeypatch, epoch, epochs_left
):
    _, uninterrupted, record = finished
    start_and_kill(tmp_path, monkeypatch, epoch, batch=1)
    assert not (tmp_path / "final.weights.h5").exists()
    model, again = fit(tmp_path, network(), options={"data": "noise"})
    assert again.epochs_run == epochs_left
    assert weights_equal(model, uninterrupted, atol=1e-5)
    np.testing.assert_allclose(again.history["loss"], record.history["loss"], atol=1e-5)


def test_weights_that_were_cut_short_are_not_used(tmp_path, monkeypatch):
    """A kill while weights are written leaves a file that nothing names."""
    start_and_kill(tmp_path, monkeypatch, 2, 0)
    (tmp_path / "epoch-0003.weights.h5").write_bytes(b"half")
    _, record = fit(tmp_path, options={"data": "noise"})
    assert record.epochs_run == 1
    assert not list(tmp_path.glob("epoch-*"))


@pytest.fixture(scope="module")
def short_run(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("short")
    fit(run_dir, recipe=SHORT)
    return run_dir


@pytest.mark.parametrize(
    ("change", "epochs_run"),
    [
        ({}, 0),
        ({"seed": 1}, 1),
        ({"options": {"data": "other"}}, 1),
        ({"train": examples(20, 5)}, 1),
        ({"train": examples(18)}, 1),
        ({"recipe": training.Recipe(epochs=1, batch_size=5, max_shift=1)}, 1),
    ],
    ids=["nothing", "seed", "options", "images", "number", "recipe"],
)
def test_another_run_begins_anew(short_run, tmp_path, change, epochs_run):
    shutil.copytree(short_run, tmp_path, dirs_exist_ok=True)
    _, record = fit(tmp_path, **({"recipe": SHORT} | change))
    assert record.epochs_run == epochs_run


def test_lost_weights_are_trained_again(short_run, tmp_path):
    shutil.copytree(short_run, tmp_path, dirs_exist_ok=True)
    (tmp_path / "best.weights.h5").unlink()
    assert fit(tmp_path, recipe=SHORT)[1].epochs_run == 1
    assert (tmp_path / "best.weights.h5").exists()


def test_a_loss_that_is_not_a_number_stops_the_run(tmp_path):
    def spoiled(example):
        return {"image": tf.cast(example["image"], tf.float32) * np.nan, "label": example["label"]}

    with pytest.raises(FloatingPointError, match="loss became nan at step 1"):
        fit(tmp_path, train=examples(20).map(spoiled))
    assert list(tmp_path.iterdir()) == []


def test_an_empty_data_set_is_refused(tmp_path):
    with pytest.raises(ValueError, match="it is empty"):
        fit(tmp_path, validation=examples(8).take(0))


def test_weights_of_the_best_epoch_are_kept(tmp_path):
    """Labels that turn round in the validation set make the first epochs the best ones."""

    def turned(example):
        return {"image": example["image"], "label": 1 - example["label"]}

    model, record = fit(tmp_path, validation=examples(8, 1).map(turned))
    accuracies = record.history["val_accuracy"]
    assert record.best_epoch == 1 + int(np.argmax(accuracies))
    best = network(seed=9)
    best.load_weights(tmp_path / "best.weights.h5")
    images = np.stack([example["image"] for example in examples(8, 1).as_numpy_iterator()])
    accuracy = (best(images).numpy().argmax(-1) == [1, 0] * 4).mean()
    assert accuracy == max(accuracies)
    assert weights_equal(best, model) == (record.best_epoch == 3)


@pytest.mark.parametrize(("verbose", "shown"), [(0, ""), (1, "━━━"), (2, "2/2"), (None, "2/2")])
def test_progress_is_shown_unless_unwanted(tmp_path, capsys, verbose, shown):
    fit(tmp_path, recipe=SHORT, verbose=verbose)
    said = capsys.readouterr().out
    assert (said == "") == (shown == "")
    assert shown in said
