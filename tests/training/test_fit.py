import importlib.util
import json
import pathlib
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol import training
from tfwsol.training.classification_score import ClassificationScore

HERE = pathlib.Path(__file__).parent


def module(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


RECIPE = training.SGDRecipe(
    epochs=3, batch_size=8, learning_rate=training.StepDecay(0.05, (2,)), weight_decay=1e-3
)


@pytest.fixture
def train(network, training_data):
    def run(run_dir, build=network, **more):
        more = {"data": training_data(), "recipe": RECIPE, "quiet": True} | more
        return training.fit(build, run_dir=run_dir, **more)

    return run


def accuracy_of(images, labels):
    def score(model):
        right = np.asarray(model(images)).argmax(-1) == labels
        return {"top1": 100 * right.mean(), "maps": np.zeros((1, 4, 4, 3), np.uint8)}

    return score


def steps(run_dir):
    rows = (run_dir / "steps.csv").read_text().splitlines()[1:]
    return np.array([[float(cell) for cell in row.split(",")] for row in rows])


def test_it_learns_and_leaves_what_it_found(train, patterns, tmp_path):
    score = accuracy_of(*patterns(30, seed=1))
    result = train(tmp_path, scores={"val": score})
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics == result.metrics
    assert metrics["finished"]
    assert result.steps_run == 9
    losses = [entry["loss"] for entry in metrics["epochs"]]
    assert losses[-1] < losses[0]
    values = [entry["val"]["top1"] for entry in metrics["epochs"]]
    assert metrics["best_epoch"] == 1 + int(np.argmax(values))
    assert score(result.model)["top1"] == max(values), "the model has the best weights"
    rows = steps(tmp_path)
    np.testing.assert_array_equal(rows[:, 0], np.arange(1, 10))
    np.testing.assert_array_equal(rows[:, 1], np.repeat([1, 2, 3], 3))
    np.testing.assert_allclose(rows[:, 3], [0.05] * 6 + [0.005] * 3, rtol=1e-6)
    sizes = np.array([8, 8, 4])
    np.testing.assert_allclose(rows[:3, 2] @ sizes / 20, losses[0], rtol=1e-6)
    assert (tmp_path / "best.weights.h5").exists()
    assert (tmp_path / "last.weights.h5").exists()


def test_the_event_files_hold_curves_and_maps(train, patterns, tmp_path):
    train(tmp_path, scores={"val": accuracy_of(*patterns(10))})
    (file,) = (tmp_path / "tensorboard").iterdir()
    tags = set()
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        tags |= {value.tag for value in event.summary.value}
    assert tags == {"loss", "learning_rate", "val/top1", "val/maps"}


def test_a_finished_run_is_not_repeated(train, tmp_path):
    first = train(tmp_path)
    files = {file: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    again = train(tmp_path)
    assert again.steps_run == 0
    assert again.metrics == first.metrics
    for a, b in zip(first.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert {file: file.read_bytes() for file in files} == files


def test_other_settings_need_another_directory(train, tmp_path):
    train(tmp_path)
    options = training.TrainingOptions(label_smoothing=0.1)
    with pytest.raises(training.RunError, match=r"label_smoothing is 0.0 there and 0.1 here"):
        train(tmp_path, options=options)
    assert train(tmp_path, options=options, overwrite=True).steps_run == 9


def until(condition, process, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.stderr.read().decode()[-2000:]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_run_killed_in_the_middle_of_an_epoch_comes_to_the_same_losses(
    network, training_data, tmp_path
):
    """5 steps an epoch; a state after every 4 and after epochs; killed after step 13 of 20."""
    course = module("killed_run").course

    def run(where):
        build = lambda: network("plain", draws="each")  # noqa: E731
        return training.fit(build, run_dir=tmp_path / where, **course(training_data(20)))

    whole = run("whole")
    command = [sys.executable, HERE / "killed_run.py", tmp_path / "cut", HERE / "conftest.py"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        csv = tmp_path / "cut" / "steps.csv"
        until(lambda: csv.exists() and csv.read_text().count("\n") > 13, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = len(steps(tmp_path / "cut"))
    assert 13 <= done < 20
    resumed = run("cut")
    assert 20 - resumed.steps_run == max(step for step in (12, 15, 16) if step <= done)
    np.testing.assert_allclose(steps(tmp_path / "cut"), steps(tmp_path / "whole"), rtol=1e-6)
    for a, b in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)

    pairs = zip(resumed.metrics["epochs"], whole.metrics["epochs"], strict=True)
    for again, once in pairs:
        assert again["val"] == pytest.approx(once["val"], rel=1e-5)
        assert [again[k] for k in ("epoch", "step", "loss", "accuracy")] == pytest.approx(
            [once[k] for k in ("epoch", "step", "loss", "accuracy")], rel=1e-5
        )


class Interrupted(Exception):
    pass


def test_a_kill_while_scoring_costs_no_step(train, patterns, tmp_path):
    score = accuracy_of(*patterns(10))

    def killed(model):
        raise Interrupted

    with pytest.raises(Interrupted):
        train(tmp_path, scores={"val": killed})
    result = train(tmp_path, scores={"val": score})
    assert result.steps_run == 6
    assert [entry["epoch"] for entry in result.metrics["epochs"]] == [1, 2, 3]
    assert result.metrics["epochs"][0]["accuracy"] > 0


def linear():
    image = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(image)
    return keras.Model(image, keras.layers.Dense(2, name="head")(x))


def rectified():
    """What is no number becomes 0, as some processors' ReLU has it, and only gradients show it."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(6, 3, padding="same", name="features")(image)
    x = keras.ops.where(x > 0, x, keras.ops.zeros_like(x))
    x = keras.layers.Flatten()(x)
    return keras.Model(image, keras.layers.Dense(2, name="head")(x))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (linear, r"loss became nan at step \d .* try a learning rate below 0.05"),
        (rectified, "features/kernel is no longer finite, .* try a lower learning rate"),
    ],
    ids=["loss", "weights"],
)
def test_a_loss_that_is_no_number_stops_the_run_which_can_go_on(
    train, training_data, patterns, tmp_path, build, words
):
    images, labels = patterns(20)
    broken = images.copy()
    broken[3] = np.nan
    options = training.TrainingOptions(save_every=1, log_every=100)
    good = training_data()

    def batches(*where):
        found = good.batches(*where)
        bad = training.TrainingData.of_arrays(broken, labels).batches(*where)
        return found.take(4).concatenate(bad.skip(4))

    spoiled = training.TrainingData(good.examples, batches, good.identity)
    with pytest.raises(FloatingPointError, match=words):
        train(tmp_path, build, data=spoiled, options=options)
    rest = train(tmp_path, build, data=good, options=options)
    assert 1 <= rest.steps_run <= 5
    assert np.isfinite(steps(tmp_path)).all()


def test_the_average_of_the_weights_is_what_is_scored_and_kept(train, tmp_path):
    seen = []

    def score(model):
        seen.append(model.get_weights())
        return {"number": len(seen)}

    options = training.TrainingOptions(ema=0.5)
    result = train(tmp_path / "ema", scores={"val": score}, options=options)
    plain = train(tmp_path / "plain")
    for a, b in zip(result.model.get_weights(), seen[-1], strict=True):
        np.testing.assert_array_equal(a, b)
    difference = np.abs(result.model.get_weights()[0] - plain.model.get_weights()[0]).max()
    assert 0 < difference < 0.1


def test_a_number_that_no_score_has_stops_before_anything_is_written(train, patterns, tmp_path):
    score = ClassificationScore(tf.data.Dataset.from_tensors(patterns(10)))
    options = training.TrainingOptions(select_by="top1")
    with pytest.raises(ValueError, match="cannot be chosen by 'top1'; the scores are accuracy, lo"):
        train(tmp_path / "run", scores={"val": score}, options=options)
    assert not (tmp_path / "run").exists()


def test_a_choice_on_the_test_split_is_said(train, patterns, tmp_path, capsys):
    options = training.TrainingOptions(select_on="test")
    score = accuracy_of(*patterns(10))
    result = train(tmp_path, options=options, scores={"test": score, "val": score}, quiet=False)
    assert result.metrics["selected_on"] == "test"
    said = capsys.readouterr()
    assert "chosen on the test split" in said.out
    assert "epoch 3/3: loss" in said.out
    assert "test top1" in said.out


def test_mixed_precision_is_a_matter_of_one_option(train, network, tmp_path):
    def build():
        return network("plain")

    plain = train(tmp_path / "plain", build)
    for precision in ("mixed_float16", "mixed_bfloat16"):
        options = training.TrainingOptions(precision=precision)
        mixed = train(tmp_path / precision, build, options=options)
        assert mixed.model.get_layer("features").compute_dtype == precision.removeprefix("mixed_")
        losses = [[e["loss"] for e in run.metrics["epochs"]] for run in (plain, mixed)]
        np.testing.assert_allclose(*losses, rtol=0.05)
    assert keras.config.dtype_policy().name == "float32"


def test_epochs_may_be_longer_than_a_pass(train, tmp_path):
    """The TensorFlow code of ADL counts epochs by a formula; 20 examples, 3 steps a pass."""
    recipe = training.SGDRecipe(
        epochs=2, batch_size=8, learning_rate=training.StepDecay(0.05, (1,)), steps_per_epoch=5
    )
    result = train(tmp_path, recipe=recipe)
    assert result.steps_run == 10
    np.testing.assert_allclose(steps(tmp_path)[:, 3], [0.05] * 5 + [0.005] * 5, rtol=1e-6)


def test_the_recipe_of_the_demo_works_here_too(train, tmp_path):
    result = train(tmp_path, recipe=training.Recipe(epochs=2, batch_size=8))
    assert result.metrics["epochs"][1]["loss"] < result.metrics["epochs"][0]["loss"]
