"""The demo: train two small networks on critters, and see where they look."""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfwsol import data
from tfwsol.backbones.trained_classifier import ModelError, TrainedClassifier
from tfwsol.data.photograph import read_image
from tfwsol.evaluation.demo_report import write_demo_report
from tfwsol.evaluation.demo_report_comparison import verdict
from tfwsol.evaluation.demo_report_result import DemoResult, Trained
from tfwsol.evaluation.explain_photographs import explain_photographs
from tfwsol.evaluation.explanation_settings import ExplanationSettings
from tfwsol.evaluation.map_diagnostics import MaskedExamples, diagnose
from tfwsol.evaluation.provenance import versions
from tfwsol.training.demo_maps import explain
from tfwsol.training.demo_networks import adl_words, train_networks
from tfwsol.training.fit import TrainingResult
from tfwsol.training.recipe import Recipe
from tfwsol.visualization import write_json

BODY = 0.70


@dataclasses.dataclass(frozen=True)
class DemoOptions:
    """What the demo may be asked to do differently.

    Attributes:
        run_dir: Where everything goes.
        photograph: An image to explain with ImageNet weights.
        load_classifier: Gives the classifier for it; may raise `ModelError`.
        recipe: How to train.
        seed: Of the data set, the network and the training.
        sizes: Images for training, validation and test.
        must_explain: Whether a photograph that cannot be explained ends the demo, before it
            trains anything; else the report says why.
    """

    run_dir: pathlib.Path
    photograph: pathlib.Path
    load_classifier: Callable[[], TrainedClassifier]
    recipe: Recipe = dataclasses.field(default_factory=Recipe)
    seed: int = 0
    sizes: tuple[int, int, int] = (2000, 200, 500)
    must_explain: bool = False


def run_demo(options: DemoOptions) -> pathlib.Path:
    """Runs the demo; data and trainings that are there already are not made again.

    Returns:
        The report, `run_dir/report.html`; beside it lies `metrics.json`.

    Raises:
        PhotographError: If the photograph cannot be read.
        ModelError: If it has to be explained and its classifier cannot be had.
    """
    started = time.monotonic()
    photograph = _explain_photograph(options)
    splits = dict(zip(("train_size", "val_size", "test_size"), options.sizes, strict=True))
    load = {"data_dir": options.run_dir / "data", "body": BODY, "seed": options.seed, **splits}
    train, validation, test = (data.load("critters", s, **load) for s in ("train", "val", "test"))
    identity = {"data": "critters", "body": BODY, **splits}
    folder, seed = options.run_dir / "training", options.seed
    networks = train_networks(folder, train, validation, options.recipe, seed, identity)
    examples = MaskedExamples.of(next(iter(test.batch(options.sizes[2]))))
    result = _looked_at(networks, examples, options, photograph)
    facts = _facts(options, networks)
    write_json(options.run_dir / "metrics.json", _metrics(result, facts))
    facts["seconds in all"] = round(time.monotonic() - started)
    write_demo_report(options.run_dir / "report.html", result, facts)
    return options.run_dir / "report.html"


def _looked_at(
    networks: Mapping[str, TrainingResult],
    examples: MaskedExamples,
    options: DemoOptions,
    photograph: Mapping[str, Any] | str,
) -> DemoResult:
    """The maps of all methods, and what they are worth."""
    print(f"Localizing {len(examples.images)} held-out images.")
    maps, scores = explain({name: found.model for name, found in networks.items()}, examples)
    print(f"Scoring the maps of {', '.join(maps)}.")
    trained = {
        name: Trained(
            accuracy=100.0 * float(np.mean(scores[name].argmax(axis=1) == examples.labels)),
            seconds=sum(entry["seconds"] for entry in found.metrics["epochs"]),
            best_epoch=found.metrics["best_epoch"],
            chosen=found.metrics["chosen"],
        )
        for name, found in networks.items()
    }
    return DemoResult(
        trained=trained,
        scores={name: diagnose(found, examples) for name, found in maps.items()},
        maps=maps,
        examples=examples,
        class_names=data.critters.CLASS_NAMES,
        epochs=options.recipe.epochs,
        photograph=photograph,
    )


def _explain_photograph(options: DemoOptions) -> dict[str, Any] | str:
    """What was found in the photograph, or why it could not be asked."""
    read_image(options.photograph)
    folder = options.run_dir / "photograph"
    settings = ExplanationSettings(methods=("l2caf", "cam", "gradcam"), top_k=2, gif=True)
    try:
        classifier = options.load_classifier()
    except ModelError as error:
        if options.must_explain:
            raise
        return str(error)
    identity = {"model": classifier.name}
    explain_photographs([options.photograph], lambda: classifier, settings, folder, identity)
    return {"folder": folder, "settings": settings}


def _facts(options: DemoOptions, networks: Mapping[str, TrainingResult]) -> dict[str, Any]:
    return {
        "seed": options.seed,
        "data": f"critters, body {BODY:.2f}, sizes {options.sizes}",
        **dataclasses.asdict(options.recipe),
        "ADL": adl_words(networks["ADL"].model),
        "checkpoint": networks["ADL"].metrics["chosen"],
        **versions(),
    }


def _metrics(result: DemoResult, facts: Mapping[str, Any]) -> dict[str, Any]:
    """All numbers; those of the plain classifier alone stand at the top."""
    plain = result.trained["CAM"]
    methods = {
        name: {**found.numbers, "accuracy": result.accuracy(name)}
        for name, found in result.scores.items()
    }
    return {
        "accuracy": plain.accuracy,
        "training_seconds": plain.seconds,
        "trainings": {name: dataclasses.asdict(found) for name, found in result.trained.items()},
        "test_images": len(result.examples.images),
        "methods": methods,
        "verdict": verdict(result),
        "units": "percent; part_only and mean_iou of the box at half the maximum of each map; "
        "MaxBoxAccV2 at the thresholds that are best on these images",
        "options": facts,
    }
