import importlib.util
import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tfwsol.training.distribution import Distribution

HERE = pathlib.Path(__file__).parent
CASES = {
    "mirrored": ("plain", "synchronized", "accumulated", "scaled"),
    "multi_worker": ("plain", "synchronized", "accumulated"),
}


def module(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def start(strategy, run_dir, cases, more_environment):
    command = [sys.executable, HERE / "replica_losses.py", strategy, run_dir, HERE / "conftest.py"]
    return subprocess.Popen(
        [*command, *cases], env={**os.environ, **more_environment}, stderr=subprocess.PIPE
    )


def finish(processes):
    try:
        said = [process.communicate(timeout=1800)[1].decode() for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * len(said), said[0][-3000:]


def train_on_two(strategy, run_dir, cases):
    if strategy == "mirrored":
        finish([start(strategy, run_dir, cases, {})])
        return
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    places = [
        {"cluster": {"worker": workers}, "task": {"type": "worker", "index": i}} for i in (0, 1)
    ]
    finish([start(strategy, run_dir, cases, {"TF_CONFIG": json.dumps(p)}) for p in places])


def losses(run_dir):
    rows = (run_dir / "steps.csv").read_text().splitlines()[1:]
    return np.array([float(row.split(",")[2]) for row in rows])


def compare(one, two, tolerance=1e-4):
    """Loss by loss, and the size of all weights after every epoch."""
    np.testing.assert_allclose(losses(two), losses(one), rtol=tolerance, atol=tolerance)
    alone, shared = (json.loads((d / "metrics.json").read_text())["epochs"] for d in (one, two))
    for a, b in zip(alone, shared, strict=True):
        assert b["loss"] == pytest.approx(a["loss"], abs=tolerance)
        assert b["accuracy"] == pytest.approx(a["accuracy"])
        assert b["val"]["size"] == pytest.approx(a["val"]["size"], rel=tolerance)


@pytest.mark.parametrize("strategy", CASES)
def test_two_replicas_come_to_the_losses_of_one(tmp_path, strategy):
    """The last batch of a pass has 5 examples: two replicas share them as 3 and 2."""
    cases = CASES[strategy]
    train_on_two(strategy, tmp_path / "two", cases)
    replica_losses, networks = module("replica_losses"), module("conftest")
    for case in cases:
        replica_losses.run(networks, case, None, tmp_path / "one" / case)
        loose = case == "scaled"  # half precision
        one, two = tmp_path / "one" / case, tmp_path / "two" / case
        compare(one, two, 5e-3 if loose else 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["mirrored", "multi_worker"])
def test_two_replicas_come_to_the_losses_of_one_on_published_networks(tmp_path, strategy):
    cases = ("vgg16", "adl", "resnet50")
    train_on_two(strategy, tmp_path / "two", cases)
    replica_losses, networks = module("replica_losses"), module("conftest")
    for case in cases:
        replica_losses.run(networks, case, None, tmp_path / "one" / case)
        compare(tmp_path / "one" / case, tmp_path / "two" / case)


def test_one_device_takes_a_batch_as_it_is():
    distribution = Distribution()
    assert (distribution.replicas, distribution.workers, distribution.is_chief) == (1, 1, True)
    images, labels = tf.zeros((3, 2)), tf.constant([0, 1, 2])
    shared = distribution.share(images, labels)
    assert shared[0] is images
    assert shared[2].numpy().tolist() == [1, 1, 1]
    distribution.check_agreement(3, "step", "nothing")


def test_a_device_without_examples_gets_one_of_weight_zero():
    """On two devices of one machine, which are only pretended here."""
    distribution = Distribution()
    distribution.name, distribution.replicas = "mirrored", 3
    distribution._lay_out = lambda parts: [part.numpy().tolist() for part in parts]
    shared = distribution.share(tf.constant([[5.0], [6.0]]), tf.constant([0, 1]))
    assert shared == ([[[5.0]], [[6.0]], [[5.0]]], [[0], [1], [0]], [[1.0], [1.0], [0.0]])
    shared = distribution.share(tf.zeros((5, 1)), tf.range(5))
    assert shared[1:] == ([[0, 1], [2, 3], [4]], [[1.0] * 2, [1.0] * 2, [1.0]])


def test_an_unknown_strategy_is_one_sentence():
    with pytest.raises(ValueError, match=r"one of \('none', 'mirrored', 'multi_worker'\)"):
        Distribution("tpu")


def test_several_machines_have_to_come_first(monkeypatch):
    tf.zeros(1)
    place = {"cluster": {"worker": ["127.0.0.1:1"] * 2}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(place))
    with pytest.raises(ValueError, match="make the Distribution first of all"):
        Distribution("multi_worker")


@pytest.mark.parametrize(
    "config",
    [
        None,
        "{",
        '{"cluster": {}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"], "chief": ["b:1"]}, "task": {"index": 0}}',
    ],
)
def test_a_missing_tf_config_is_one_sentence(monkeypatch, config):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if config:
        monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ValueError, match="multi_worker expects the variable TF_CONFIG"):
        Distribution("multi_worker")
