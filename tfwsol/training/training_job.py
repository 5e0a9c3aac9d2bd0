"""A training from plain settings to a run: data, model, trainer and scores put together."""

from __future__ import annotations

import dataclasses
import inspect
import os
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfwsol import backbones, methods
from tfwsol.backbones.trained_classifier import PREPROCESS, find_application
from tfwsol.data import registry
from tfwsol.data.views import ResizeCrop
from tfwsol.training.distribution import STRATEGIES, Distribution
from tfwsol.training.fit import TrainingResult, fit
from tfwsol.training.localization_score import LocalizationScore
from tfwsol.training.sgd_recipe import SGDRecipe
from tfwsol.training.training_data import TrainingData
from tfwsol.training.training_options import TrainingOptions

_AUTO = {"critter_net": "none", "mobilenet_v1": "tf"}
_NO_OUTCOME = ("run_dir", "recipe", "options", "data_dir", "source", "strategy", "overwrite")


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
        resize: Side that images are resized to, before a random square is cut out.
        image_size: Side of that square, and of the whole images that are scored.
        flip: Whether half of the training images are mirrored.
        splits: Names of the splits to train on, and those called "val" and "test".
        protocols: See `LocalizationScore`.
        score_step: As well.
        score_limit: As well.
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
    resize: int = 256
    image_size: int = 224
    flip: bool = True
    splits: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {"train": "train", "val": "val", "test": "test"}
    )
    protocols: tuple[str, ...] = ("wsoleval",)
    score_step: float = 0.01
    score_limit: int = 0
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


def run_training(job: TrainingJob, quiet: bool = False) -> TrainingResult:
    """Trains what the job describes; called again with the same job it goes on where it stopped.

    Only the split that chooses the checkpoint is scored.

    Raises:
        ValueError: In one sentence, what does not fit. Subclasses are named at `fit`.
        FloatingPointError: The loss is no longer a finite number.
        OSError: A file cannot be read or written.
    """
    # Several machines have to find each other before anything else uses TensorFlow.
    distribution = Distribution(job.strategy)
    where = {"data_dir": job.data_dir, "source": job.source, **job.data_options}
    class_names = registry.facts(job.dataset, **where).class_names
    examples = registry.load(job.dataset, job.splits["train"], decode=False, **where)
    preprocess = preprocessing(job)
    split = job.options.select_on
    scores = {}
    if job.options.score_every:
        scores[split] = LocalizationScore(
            registry.load(job.dataset, job.splits[split], **where),
            job.image_size,
            job.protocols,
            preprocess,
            class_names,
            limit=job.score_limit,
            step=job.score_step,
        )
    return fit(
        lambda: _model(job, len(class_names)),
        _training_data(job, examples, preprocess),
        run_dir=pathlib.Path(job.run_dir).expanduser(),
        recipe=job.recipe,
        options=job.options,
        distribution=distribution,
        scores=scores,
        identity={"job": job.identity()},
        overwrite=job.overwrite,
        quiet=quiet,
    )


def preprocessing(job: TrainingJob) -> Callable[[Any], Any] | None:
    """From float32 RGB 0..255, a batch, to what the network takes; None: it takes that.

    Raises:
        ValueError: It is "auto", and nothing is known of the weights.
    """
    mode = job.preprocess
    if mode == "auto":
        mode = _AUTO.get(job.backbone) or _mode_of_file(job)
    if mode == "application":
        _, module = find_application(job.backbone_options["network"])
        return lambda images: module.preprocess_input(images)
    if mode == "none":
        return None
    if mode == "torch, BGR":
        return lambda images: _scaled(images, "torch")[..., ::-1]
    return lambda images: _scaled(images, mode)


def _mode_of_file(job: TrainingJob) -> str:
    """What the files that fit a backbone were trained with."""
    ending = str(job.weights).rpartition(".")[2].lower()
    if job.backbone == "application":
        return "application"
    if ending == "keras":
        raise ValueError(
            f"Nothing tells how the weights {job.weights} want their images; say so by preprocess="
            f"{'|'.join(PREPROCESS[1:])}."
        )
    if job.backbone == "vgg16":
        # Keras and tensorpack both have the weights of the Caffe network.
        return "caffe" if job.weights == "imagenet" or ending in ("h5", "npz") else "torch"
    return "torch, BGR" if ending == "npz" else "torch"


def _scaled(images: Any, mode: str) -> Any:
    # NumPy images would be changed in place.
    copied = images if tf.is_tensor(images) else images.copy()
    return keras.applications.imagenet_utils.preprocess_input(copied, mode=mode)


def _training_data(
    job: TrainingJob, examples: tf.data.Dataset, preprocess: Callable[[Any], Any] | None
) -> TrainingData:
    view = ResizeCrop(job.resize, job.image_size, "random")
    found = TrainingData.of(examples, view, seed=job.options.seed, flip=job.flip)
    if preprocess is None:
        return found

    def batches(passes: range, batch_size: int, shard: tuple[int, int] | None) -> tf.data.Dataset:
        pairs = found.batches(passes, batch_size, shard)
        scaled = pairs.map(lambda images, labels: (preprocess(images), labels), tf.data.AUTOTUNE)
        return scaled.prefetch(tf.data.AUTOTUNE)

    return dataclasses.replace(found, batches=batches)


def _model(job: TrainingJob, classes: int) -> keras.Model:
    own = dict(job.method_options)
    if "seed" in methods.options_of(job.method):
        own.setdefault("seed", job.options.seed)
    shape = (job.image_size, job.image_size, 3)
    options = {"input_shape": shape, **_split_options(job), **own}
    return methods.build(
        job.method, job.backbone, job.num_classes or classes, weights=job.weights, **options
    )


def _split_options(job: TrainingJob) -> dict[str, Any]:
    """The backbone's options; those of a Keras network itself go one level deeper."""
    if job.backbone != "application":
        return dict(job.backbone_options)
    known = inspect.signature(backbones.application).parameters
    direct = {name: v for name, v in job.backbone_options.items() if name in known}
    deeper = {name: v for name, v in job.backbone_options.items() if name not in known}
    return {**direct, "options": {**direct.get("options", {}), **deeper}}
