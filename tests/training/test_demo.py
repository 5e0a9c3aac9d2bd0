"""The demo on very little data: complete, repeatable, and honest about what it found."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from tfwsol.backbones.trained_classifier import ModelError
from tfwsol.data.photograph import PhotographError
from tfwsol.evaluation.demo_report import DemoResult, findings
from tfwsol.evaluation.map_diagnostics import MaskedExamples
from tfwsol.training.demo import DemoOptions, run_demo
from tfwsol.training.recipe import Recipe


def no_weights():
    raise ModelError("The weights are not here; give a file with --weights=FILE.")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    photograph = folder / "photo.png"
    Image.new("RGB", (20, 30), "red").save(photograph)
    options = DemoOptions(
        folder / "run", photograph, no_weights, Recipe(epochs=1), seed=1, sizes=(40, 10, 20)
    )
    return options, run_demo(options)


def test_metrics(finished):
    options, _ = finished
    metrics = json.loads((options.run_dir / "metrics.json").read_text())
    assert metrics["test_images"] == 20
    assert 0 <= metrics["accuracy"] <= 100
    names = ["L2-CAF", "CAM", "Grad-CAM", "centred Gaussian", "random maps"]
    assert list(metrics["methods"]) == names
    for scores in metrics["methods"].values():
        assert set(scores) == {
            "part_only",
            "peak_on_part",
            "peak_on_object",
            "energy_in_part",
            "energy_in_object",
            "mean_iou",
        }
    assert metrics["options"]["seed"] == 1
    assert "tensorflow" in metrics["options"]


def test_report_says_what_is_missing(finished):
    _, report = finished
    page = report.read_text()
    assert "Where does a classifier look?" in page
    assert "give a file with --weights=FILE" in page


def test_a_second_run_trains_nothing(finished, capsys):
    options, report = finished
    before = (options.run_dir / "metrics.json").read_text()
    assert run_demo(options) == report
    assert "Epoch" not in capsys.readouterr().out
    assert (options.run_dir / "metrics.json").read_text() == before


def test_what_was_asked_for_fails_before_the_training(finished, tmp_path):
    options, _ = finished
    asked = dataclasses.replace(options, run_dir=tmp_path / "run", must_explain=True)
    with pytest.raises(ModelError, match="--weights=FILE"):
        run_demo(asked)
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(PhotographError, match="broken"):
        run_demo(dataclasses.replace(asked, photograph=tmp_path / "broken.png"))
    assert not (tmp_path / "run").exists()


def result_of(l2caf):
    masks = np.zeros((1, 10, 10), bool)
    masks[0, :3, :4] = True
    boxes = np.array([[0.0, 0, 4, 3]], np.float32)
    images = np.zeros((1, 10, 10, 3), np.uint8)
    examples = MaskedExamples(images, np.array([0]), boxes, masks, boxes, masks & False)
    scores = {"L2-CAF": l2caf, "centred Gaussian": {"mean_iou": 50.0}}
    return DemoResult(90.0, scores, {}, examples, ["a"], 1.0, 1, "none")


def test_findings_follow_the_numbers():
    missed = {"peak_on_part": 70.0, "mean_iou": 30.0, "part_only": 55.0}
    words = " ".join(findings(result_of(missed)))
    assert "The map lights the face" in words
    assert "misses most of the animal" in words
    found = {"peak_on_part": 0.0, "mean_iou": 80.0, "part_only": 1.0}
    words = " ".join(findings(result_of(found)))
    assert "does not single out the face" in words
    assert "covers much of the animal" in words
