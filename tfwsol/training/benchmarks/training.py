"""How fast each method is trained, beside Keras' `fit` of the same network on the same pictures."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfwsol import backbones, methods
from tfwsol.data.registry import load
from tfwsol.evaluation.benchmarks.case_group import CaseGroup, SuiteOptions
from tfwsol.evaluation.benchmarks.pictures import write_pictures
from tfwsol.evaluation.benchmarks.timing import Case
from tfwsol.training.benchmarks.keras_twin import compiled, steps_of_fit
from tfwsol.training.distribution import Distribution
from tfwsol.training.fit import prepared_loop
from tfwsol.training.learning_rate import CosineDecay
from tfwsol.training.sgd_recipe import SGDRecipe
from tfwsol.training.training_data import TrainingData
from tfwsol.training.training_job import TrainingJob, preprocessing, training_data
from tfwsol.training.training_options import TrainingOptions
from tfwsol.training.training_step import TrainingStep

KERAS = "Keras fit"
KERAS_STEP = "Keras, its compiled step"
SAME = "same network"
CLASSES = 20
NETWORKS: dict[str, tuple[int, int, dict[str, Any]]] = {
    "mobilenet_v1": (224, 6, {"alpha": 0.75}),
    "critter_net": (96, 24, {}),
}
"""Side of the images, steps and options of the backbones that are timed by default."""

_RESIZED, _SIDE, _STEPS = 256, 224, 6
_EPOCHS = 1000  # more than are made


def training(options: SuiteOptions) -> Iterator[CaseGroup]:
    """Two groups of cases for each backbone and batch size: whole epochs, and bare steps.

    An epoch goes through all pictures once, from JPEG files through resizing, random crops and
    mirroring to changed weights: with `fit` of Keras, with our loop (every step looked at, the
    state saved at the end, nothing scored) and all methods; or to batches alone. Bare steps are
    made on one batch that is in memory, with random numbers in it. Weights are random.

    Raises:
        ValueError: If there is no such backbone or method, or the image size is not square.
    """
    height, width = options.image_size or (_SIDE, _SIDE)
    if height != width:
        raise ValueError(f"Expected a square image size; got {height}×{width}.")
    known = {"backbone": backbones.names(), "method": methods.names()}
    chosen = {"backbone": options.backbones or tuple(NETWORKS), "method": _methods(options)}
    for kind, names in chosen.items():
        for name in set(names) - set(known[kind]):
            raise ValueError(
                f"Expected each {kind} to be one of {', '.join(known[kind])}, but {name!r} came."
            )
    for backbone in chosen["backbone"]:
        for batch_size in options.batch_sizes or (32,):
            with tempfile.TemporaryDirectory() as folder:
                suite = _Suite(Path(folder), backbone, batch_size, options)
                yield CaseGroup(f"{suite.subject}, epochs", batch_size, tuple(suite.epochs()))
                yield CaseGroup(f"{suite.subject}, bare", batch_size, tuple(suite.bare_steps()))


def _methods(options: SuiteOptions) -> tuple[str, ...]:
    """Those asked for, CAM first: ADL is compared with it."""
    return tuple(sorted(options.methods or methods.names(), key=lambda name: name != "cam"))


class _Suite:
    """The cases of one backbone and batch size."""

    def __init__(self, folder: Path, backbone: str, batch_size: int, options: SuiteOptions) -> None:
        side, steps, more = NETWORKS.get(backbone, (_SIDE, _STEPS, {}))
        side = options.image_size[0] if options.image_size else side
        self._backbone, self._folder, self._options = backbone, folder, options
        self._batch_size, self._side = batch_size, side
        self._steps = options.steps or steps
        self._recipe = SGDRecipe(_EPOCHS, batch_size, CosineDecay(1e-3))
        self._job = TrainingJob(
            "cam",
            backbone,
            "folder",
            folder,
            backbone_options=more,
            preprocess="auto" if backbone in NETWORKS else "torch",
            resize=round(side * _RESIZED / _SIDE),
            image_size=side,
        )
        words = "".join(f" {name}={value}" for name, value in more.items())
        self.subject = f"{backbone}{words} {side}×{side}, {self._steps} steps"
        self._number = self._steps * batch_size

    def epochs(self) -> Iterator[Case]:
        """One pass over all pictures each; Keras is the baseline."""
        data = self._pictures()
        model = compiled(self._network(), self._recipe, self._steps)
        passes = _counted()
        yield self._case(KERAS, lambda: _fit(model, self._pass(data, next(passes))))
        pipeline_passes = _counted()
        run = lambda: _read(self._pass(data, next(pipeline_passes)))  # noqa: E731
        yield self._case("input pipeline alone", run, KERAS)
        yield self._case(f"our loop, {SAME}", self._loop(SAME, self._network, data), KERAS)
        for method in _methods(self._options):
            build = self._localizer(method)
            yield self._case(f"our loop, {method}", self._loop(method, build, data), KERAS)

    def bare_steps(self) -> Iterator[Case]:
        """Steps on one batch; CAM is the baseline of ADL, which is inserted into its network."""
        random = np.random.default_rng(self._options.seed)
        shape = (self._batch_size, self._side, self._side, 3)
        images = tf.constant(random.uniform(-1, 1, shape), tf.float32)
        labels = tf.constant(random.integers(0, CLASSES, self._batch_size))
        theirs = compiled(self._network(), self._recipe, self._steps)
        fitted = steps_of_fit(theirs, images, labels)
        yield self._case(KERAS_STEP, lambda: fitted(self._steps))
        ours = self._bare(self._network, images, labels)
        yield self._case(f"our step, {SAME}", ours, KERAS_STEP)
        cam = f"our step, {SAME}"
        for method in [name for name in _methods(self._options) if name in ("cam", "adl")]:
            run = self._bare(self._localizer(method), images, labels)
            baseline = KERAS_STEP if method == "cam" else cam
            yield self._case(f"our step, {method}", run, baseline)
            cam = f"our step, {method}"

    def _pictures(self) -> TrainingData:
        size = round(375 * self._side / _SIDE), round(500 * self._side / _SIDE)
        source = self._folder / "pictures"
        write_pictures(source, self._number, size, self._options.seed, CLASSES)
        examples = load("folder", "test", self._folder / "prepared", source, decode=False)
        return training_data(self._job, examples, preprocessing(self._job))

    def _pass(self, data: TrainingData, number: int) -> tf.data.Dataset:
        return data.batches(range(number, number + 1), self._batch_size, None, 0)

    def _network(self) -> keras.Model:
        keras.utils.set_random_seed(self._options.seed)
        shape = (self._side, self._side, 3)
        more = self._job.backbone_options
        return backbones.build(self._backbone, num_classes=CLASSES, input_shape=shape, **more)

    def _localizer(self, method: str) -> Callable[[], keras.Model]:
        job = TrainingJob(**{**vars(self._job), "method": method})
        return lambda: job.build_model(CLASSES)

    def _loop(
        self, name: str, build: Callable[[], keras.Model], data: TrainingData
    ) -> Callable[[], None]:
        """Makes one more epoch of a training that goes on from call to call."""
        loop = prepared_loop(
            build,
            data,
            run_dir=self._folder / name,
            recipe=self._recipe,
            options=TrainingOptions(self._options.seed, score_every=0),
            distribution=Distribution(),
            scores={},
            identity={},
            overwrite=False,
            about=None,
            quiet=True,
        )
        loop.resume()
        epochs = _counted()
        return lambda: loop.go(next(epochs) + 1, quiet=True)

    def _bare(
        self, build: Callable[[], keras.Model], images: tf.Tensor, labels: tf.Tensor
    ) -> Callable[[], tf.Tensor]:
        model = build()
        optimizer = self._recipe.optimizer(self._steps)
        optimizer.build(model.trainable_variables)
        step = TrainingStep(model, optimizer, Distribution(), self._batch_size)

        def run() -> tf.Tensor:
            for _ in range(self._steps):
                numbers = step(images, labels)
            return numbers

        return run

    def _case(self, name: str, run: Callable[[], Any], baseline: str | None = None) -> Case:
        """A case that says how many images a second there were, and the CPU time of a step."""
        taken = []

        def timed() -> None:
            start = time.perf_counter(), time.process_time()
            run()
            taken.append((time.perf_counter() - start[0], time.process_time() - start[1]))

        def remark(_: Any) -> str:
            # The first one was for tracing.
            wall, processor = np.median(taken[1:], axis=0)
            return (
                f"{self._number / wall:.1f} images/s, {processor / self._steps:.3f} CPU s per step"
            )

        return Case(name, timed, baseline, remark)


def _counted() -> Iterator[int]:
    return iter(range(_EPOCHS))


def _read(batches: tf.data.Dataset) -> None:
    for _ in batches:
        pass


def _fit(model: keras.Model, batches: tf.data.Dataset) -> None:
    model.fit(batches, shuffle=False, verbose=0)
