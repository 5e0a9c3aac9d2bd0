"""A training from plain settings to a run: data, model, trainer and scores put together."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfwsol import backbones, methods
from tfwsol.backbones.image_scaling import Scaling, on_a_copy, scaling
from tfwsol.backbones.keras_application import find_application
from tfwsol.backbones.trained_classifier import PREPROCESS
from tfwsol.backbones.usual_scaling import ALWAYS, usual_scaling
from tfwsol.data import registry
from tfwsol.data.preparation.record import SourceError
from tfwsol.data.views import ResizeCrop
from tfwsol.training.distribution import STRATEGIES, Distribution
from tfwsol.training.fit import TrainingResult, fit
from tfwsol.training.localization_score import LocalizationScore
from tfwsol.training.sgd_recipe import SGDRecipe
from tfwsol.training.training_data import Shard, TrainingData
from tfwsol.training.training_options import TrainingOptions
from tfwsol.training.training_run import METRICS
from tfwsol.visualization import write_json

_NO_OUTCOME = ("run_dir", "recipe", "options", "data_dir", "source", "score_test")
_NO_OUTCOME += ("strategy", "overwrite", "preparation")


@dataclasses.dataclass(frozen=True)
class TrainingJob:
    """What is to be trained on what, and how it is scored; plain data.

    Attributes:
        method: A name of `methods.names()`.
        backbone: A name of `backbones.names()`.
        dataset: A name of `data.names()`.
        run_dir: See `TrainingRun`.
        recipe: Epochs, batch size and optimizer.
        options: How to train otherwise.
        method_options: Of the method, see `methods.build`.
        backbone_options: Of the backbone.
        weights: See `methods.build`; None: untrained.
        preprocess: Of float32 RGB 0..255: "none", "tf", "torch", "caffe" (see
            `load_classifier`), or "auto": what backbone and weights are known to want.
        num_classes: None: as many as the data have.
        data_dir: Where prepared data lie; None: where tfds keeps them.
        source: A download to prepare them from, if they are not.
        data_options: Of the data set.
        preparation: `on_corrupt` and `on_wrong_count` of `tfwsol.data.prepare`.
        resize: Side that images are resized to, before a random square is cut out.
        image_size: Side of that square, and of the whole images that are scored.
        flip: Whether half of the training images are mirrored.
        splits: Names of the splits to train on, and those called "val" and "test".
        protocols: See `LocalizationScore`.
        score_step: As well.
        score_limit: As well.
        score_test: Whether the checkpoint that "val" chose is scored on "test" at the end, on all
            images with the published step.
        strategy: See `Distribution`.
        overwrite: Begin anew where the run directory holds a run with other settings.

    Raises:
        ValueError: A name is unknown or a size impossible.
    """

    method: str
    backbone: str
    dataset: str
    run_dir: str | os.PathLike[str]
    recipe: SGDRecipe = dataclasses.field(default_factory=SGDRecipe)
    options: TrainingOptions = dataclasses.field(default_factory=TrainingOptions)
    method_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    backbone_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    weights: str | None = None
    preprocess: str = "auto"
    num_classes: int | None = None
    data_dir: str | os.PathLike[str] | None = None
    source: str | os.PathLike[str] | None = None
    data_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    preparation: Mapping[str, str] = dataclasses.field(default_factory=dict)
    resize: int = 256
    image_size: int = 224
    flip: bool = True
    splits: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {"train": "train", "val": "val", "test": "test"}
    )
    protocols: tuple[str, ...] = ("wsoleval",)
    score_step: float = 0.01
    score_limit: int = 0
    score_test: bool = True
    strategy: str = "none"
    overwrite: bool = False

    def __post_init__(self):
        known = {
            "method": methods.names(),
            "backbone": backbones.names(),
            "dataset": registry.names(),
            "preprocess": PREPROCESS,
            "strategy": STRATEGIES,
        }
        for name, names in known.items():
            if getattr(self, name) not in names:
                raise ValueError(
                    f"Expected {name} to be one of {', '.join(names)}, but "
                    f"{getattr(self, name)!r} came."
                )
        if not 1 <= self.image_size <= self.resize:
            raise ValueError(
                f"A square of {self.image_size} cannot be cut out of images resized to "
                f"{self.resize}; choose a larger resize."
            )

    def identity(self) -> dict[str, Any]:
        """What of it decides the outcome, beside the recipe and the options."""
        plain = dataclasses.asdict(self)
        return {name: value for name, value in plain.items() if name not in _NO_OUTCOME}

    def build_model(self, classes: int) -> keras.Model:
        """The localizer with its initial weights.

        Args:
            classes: Of the data; for where `num_classes` is None.
        """
        own = dict(self.method_options)
        if "seed" in methods.options_of(self.method):
            own.setdefault("seed", self.options.seed)
        shape = (self.image_size, self.image_size, 3)
        options = {"input_shape": shape, **_split_options(self), **own}
        classes = self.num_classes or classes
        return methods.build(self.method, self.backbone, classes, weights=self.weights, **options)


def run_training(job: TrainingJob, quiet: bool = False) -> TrainingResult:
    """Trains what the job describes; called again with the same job it goes on where it stopped.

    The split that chooses the checkpoint is scored after every epoch. Where that is "val", the
    chosen checkpoint's scores on "test" are in the metrics of the result and in ``test.json``.
    Of several machines only the first one has metrics.

    Raises:
        ValueError: In one sentence, what does not fit. Subclasses are named at `fit`.
        FloatingPointError: The loss is no longer a finite number.
        OSError: A file cannot be read or written.
    """
    # Several machines have to find each other before anything else uses TensorFlow.
    distribution = Distribution(job.strategy)
    where = {"data_dir": job.data_dir, "source": job.source, **job.data_options}
    class_names = registry.facts(job.dataset, **job.preparation, **where).class_names
    if job.num_classes is not None and job.num_classes < len(class_names):
        raise ValueError(
            f"A model of {job.num_classes} classes cannot learn the {len(class_names)} of "
            f"{job.dataset}; leave num_classes out or give at least as many."
        )
    examples = registry.load(job.dataset, job.splits["train"], decode=False, **where)
    preprocess = preprocessing(job)
    split = job.options.select_on
    scores = {}
    if job.options.score_every:
        scores[split] = _score(job, split, where, preprocess, class_names)
    test = None
    if job.score_test and split != "test":
        test = _score(job, "test", where, preprocess, class_names)
        test = dataclasses.replace(test, limit=0, pictures=0, step=0.001)
    result = fit(
        lambda: job.build_model(len(class_names)),
        training_data(job, examples, preprocess),
        run_dir=pathlib.Path(job.run_dir).expanduser(),
        recipe=job.recipe,
        options=job.options,
        distribution=distribution,
        scores=scores,
        identity={"job": job.identity()},
        overwrite=job.overwrite,
        about={"class_names": class_names},
        quiet=quiet,
    )
    if not distribution.is_chief:
        return dataclasses.replace(result, metrics={})
    return result if test is None else _tested(result, test, job, quiet)


def _score(
    job: TrainingJob,
    split: str,
    where: Mapping[str, Any],
    preprocess: Scaling | None,
    class_names: Sequence[str],
) -> LocalizationScore:
    try:
        examples = registry.load(job.dataset, job.splits[split], **where)
    except SourceError:
        raise
    except ValueError as error:
        chooses = split == job.options.select_on
        remedy = "set score_every to 0" if chooses else "leave score_test out"
        raise ValueError(f"{error} It is to be scored as {split!r}; name one, or {remedy}.") from (
            error
        )
    return LocalizationScore(
        examples,
        job.image_size,
        job.protocols,
        preprocess,
        class_names,
        limit=job.score_limit,
        step=job.score_step,
    )


def _tested(
    result: TrainingResult, test: LocalizationScore, job: TrainingJob, quiet: bool
) -> TrainingResult:
    """The result with the scores of its checkpoint, which a finished run has already."""
    folder = pathlib.Path(job.run_dir).expanduser()
    file, metrics = folder / "test.json", folder / METRICS
    # An older one is of another run that was overwritten here.
    if not file.is_file() or file.stat().st_mtime_ns < metrics.stat().st_mtime_ns:
        write_json(file, test(result.model, quiet))
    numbers = json.loads(file.read_text("utf-8"))
    best = {**result.metrics.get("best", {}), "test": numbers}
    return dataclasses.replace(result, metrics={**result.metrics, "best": best})


def preprocessing(job: TrainingJob) -> Scaling | None:
    """From float32 RGB 0..255, a batch, to what the network takes; None: it takes that.

    Raises:
        ValueError: It is "auto", and nothing is known of the weights.
    """
    mode = _usual(job) if job.preprocess == "auto" else job.preprocess
    if mode == "none":
        return None
    if mode == "application":
        _, module = find_application(job.backbone_options["network"])
        return on_a_copy(module.preprocess_input)
    return scaling(mode)


def _usual(job: TrainingJob) -> str:
    """What is known of the backbone and its weights."""
    if job.backbone == "application":
        return "application"
    if job.backbone not in ALWAYS and str(job.weights).lower().endswith(".keras"):
        raise ValueError(
            f"Nothing tells how the weights {job.weights} want their images; say so by preprocess="
            f"{'|'.join(PREPROCESS[1:])}."
        )
    # Keras' own weights come as .h5 files.
    file = f"{job.weights}.h5" if job.weights == "imagenet" else str(job.weights)
    return usual_scaling(job.backbone, file)


def training_data(
    job: TrainingJob, examples: tf.data.Dataset, preprocess: Scaling | None
) -> TrainingData:
    """What a job trains on: random views of examples, as its network takes them."""
    view = ResizeCrop(job.resize, job.image_size, "random")
    found = TrainingData.of(examples, view, seed=job.options.seed, flip=job.flip)
    if preprocess is None:
        return found

    def batches(passes: range, batch_size: int, shard: Shard, skip: int = 0) -> tf.data.Dataset:
        pairs = found.batches(passes, batch_size, shard, skip)
        scaled = pairs.map(lambda images, labels: (preprocess(images), labels), tf.data.AUTOTUNE)
        return scaled.prefetch(tf.data.AUTOTUNE)

    return dataclasses.replace(found, batches=batches)


def _split_options(job: TrainingJob) -> dict[str, Any]:
    """The backbone's options; those of a Keras network itself go one level deeper."""
    if job.backbone != "application":
        return dict(job.backbone_options)
    known = inspect.signature(backbones.application).parameters
    direct = {name: v for name, v in job.backbone_options.items() if name in known}
    deeper = {name: v for name, v in job.backbone_options.items() if name not in known}
    return {**direct, "options": {**direct.get("options", {}), **deeper}}


def summary_of(result: TrainingResult) -> list[str]:
    """What came out, in lines: which epoch was chosen and how, and its scores.

    Only the first of several machines knows.
    """
    if "chosen" not in result.metrics:
        return []
    chosen = f"Epoch {result.metrics['best_epoch']}: {result.metrics['chosen']}."
    scores = result.metrics.get("best", {})
    return [chosen] + [
        f"{split} {name}: {value:.2f}"
        for split, numbers in scores.items()
        for name, value in numbers.items()
    ]
