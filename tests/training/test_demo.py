"""The demo on very little data: complete, repeatable, and honest about what it found."""

import dataclasses
import json

import pytest
from PIL import Image

from tfwsol.backbones.trained_classifier import ModelError
from tfwsol.data.photograph import PhotographError
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
    names = ["CAM", "ADL", "L2-CAF", "Grad-CAM", "centred Gaussian", "random maps"]
    assert list(metrics["methods"]) == names
    for scores in metrics["methods"].values():
        assert set(scores) == {
            "accuracy",
            "MaxBoxAccV2",
            "MaxBoxAccV2@30",
            "MaxBoxAccV2@50",
            "MaxBoxAccV2@70",
            "PxAP",
            "part_only",
            "peak_on_part",
            "peak_on_object",
            "energy_in_part",
            "energy_in_object",
            "mean_iou",
        }
    assert set(metrics["trainings"]) == {"CAM", "ADL"}
    assert metrics["methods"]["L2-CAF"]["accuracy"] == metrics["accuracy"]
    assert metrics["methods"]["random maps"]["accuracy"] is None
    assert metrics["verdict"].startswith("In MaxBoxAccV2, the share of images with a good box, ADL")
    assert metrics["options"]["seed"] == 1
    assert metrics["options"]["ADL"].endswith("0.8 after features")
    assert "tensorflow" in metrics["options"]


def test_both_networks_are_kept(finished):
    options, _ = finished
    steps = [
        [line.split(",") for line in (folder / "steps.csv").read_text().splitlines()[1:]]
        for folder in (options.run_dir / "training" / "cam", options.run_dir / "training" / "adl")
    ]
    cam, adl = ([float(row[2]) for row in rows] for rows in steps)
    assert len(cam) == len(adl) == 2  # 40 images in batches of 32
    assert cam != adl


def test_report_says_what_it_shows_and_what_is_missing(finished):
    _, report = finished
    page = report.read_text()
    assert "Where does a classifier look?" in page
    assert "attention-based dropout layer" in page
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
