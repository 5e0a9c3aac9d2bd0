"""The demo: train a small classifier on critters, and see where it looks."""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tfwsol import data
from tfwsol.backbones.critter_net import critter_net
from tfwsol.backbones.trained_classifier import ModelError, TrainedClassifier
from tfwsol.data.photograph import read_image
from tfwsol.evaluation.demo_report import DemoResult, write_demo_report
from tfwsol.evaluation.explain_photographs import explain_photographs
from tfwsol.evaluation.explanation_settings import ExplanationSettings
from tfwsol.evaluation.map_diagnostics import MaskedExamples, diagnose
from tfwsol.evaluation.provenance import versions
from tfwsol.evaluation.trivial_maps import centred_gaussian, random_maps
from tfwsol.methods import CAM, L2CAF, GradCAM
from tfwsol.training.batches import augmented_data, validation_batches
from tfwsol.training.classification_score import ClassificationScore
from tfwsol.training.fit import fit
from tfwsol.training.recipe import Recipe
from tfwsol.training.training_options import TrainingOptions
from tfwsol.visualization import write_json

BODY = 0.70
METHODS = {"L2-CAF": L2CAF, "CAM": CAM, "Grad-CAM": GradCAM}
_BATCH = 100


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
    """Runs the demo; data and training that are there already are not made again.

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
    trained = fit(
        lambda: critter_net(seed=options.seed),
        augmented_data(train, options.recipe, options.seed),
        run_dir=options.run_dir / "training",
        recipe=options.recipe,
        options=TrainingOptions(seed=options.seed),
        scores={"val": ClassificationScore(validation_batches(validation, options.recipe))},
        identity={"data": "critters", "body": BODY, **splits},
        overwrite=True,
    )
    model = trained.model
    examples = MaskedExamples.of(next(iter(test.batch(options.sizes[2]))))
    print(f"Localizing {len(examples.images)} held-out images with {', '.join(METHODS)}.")
    maps, scores = explain(model, examples)
    result = DemoResult(
        accuracy=100.0 * float(np.mean(scores.argmax(axis=1) == examples.labels)),
        scores={name: diagnose(found, examples) for name, found in maps.items()},
        maps=maps,
        examples=examples,
        class_names=data.critters.CLASS_NAMES,
        training_seconds=sum(entry["seconds"] for entry in trained.metrics["epochs"]),
        epochs=options.recipe.epochs,
        photograph=photograph,
    )
    write_json(options.run_dir / "metrics.json", _metrics(options, result))
    facts = {**_facts(options), "seconds in all": round(time.monotonic() - started)}
    write_demo_report(options.run_dir / "report.html", result, facts)
    return options.run_dir / "report.html"


def explain(
    model: keras.Model, examples: MaskedExamples
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Maps of the true class by every method and by what looks at nothing, and the scores.

    Returns:
        Maps, batch × cells × cells, by name; scores, batch × classes.
    """
    explainers = {name: method(model) for name, method in METHODS.items()}
    found: dict[str, list[np.ndarray]] = {name: [] for name in METHODS}
    scores = []
    for start in range(0, len(examples.images), _BATCH):
        part = slice(start, start + _BATCH)
        sight = explainers["CAM"].see(examples.images[part].astype("float32"))
        scores.append(np.asarray(sight.logits))
        for name, explainer in explainers.items():
            found[name].append(
                np.asarray(explainer.explain(sight, examples.labels[part]).maps)[:, 0]
            )
    maps = {name: np.concatenate(parts) for name, parts in found.items()}
    count, *cells = maps["CAM"].shape
    maps["centred Gaussian"] = centred_gaussian(count, examples.images.shape[1:3])
    maps["random maps"] = random_maps(count, tuple(cells))
    return maps, np.concatenate(scores)


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


def _facts(options: DemoOptions) -> dict[str, Any]:
    return {
        "data": f"critters, body {BODY:.2f}, seed {options.seed}, sizes {options.sizes}",
        **dataclasses.asdict(options.recipe),
        **versions(),
    }


def _metrics(options: DemoOptions, result: DemoResult) -> dict[str, Any]:
    return {
        "accuracy": result.accuracy,
        "test_images": len(result.examples.images),
        "methods": result.scores,
        "units": "percent; boxes and part_only at half the maximum of each map",
        "training_seconds": result.training_seconds,
        "options": {**_facts(options), "seed": options.seed},
    }
