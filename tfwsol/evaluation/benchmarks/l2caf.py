"""What L2-CAF costs beside the forward pass it explains, a plain loop, and the CAM family."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfwsol import backbones
from tfwsol.evaluation.benchmarks.case_group import CaseGroup, SuiteOptions
from tfwsol.evaluation.benchmarks.naive_loop import naive_filters
from tfwsol.evaluation.benchmarks.timing import Case
from tfwsol.graph.lookup import last_spatial_slot
from tfwsol.graph.split import graph_of, split_at
from tfwsol.methods import CAM, L2CAF, GradCAM, LayerCAM
from tfwsol.methods.explainer import Explainer

FORWARD = "forward pass"
NAIVE_LOOP = "loop alone: naive, eager"
_SEVERAL = 5
_BATCH_SIZES = (1, 8)
_INTERMEDIATE = {"ResNet50": "conv5_block2_out"}


def l2caf(options: SuiteOptions) -> Iterator[CaseGroup]:
    """A group of cases for each batch size, on a seeded network with random weights.

    Except for the loops alone, every case goes from images to filters or maps, its own forward
    pass included. All loops run their full number of iterations.

    Raises:
        ValueError: If there is no such model.
    """
    model = build_model(options)
    suite = _Suite(model, options)
    height, width = model.input_shape[1:3]
    for batch_size in options.batch_sizes or _BATCH_SIZES:
        yield CaseGroup(
            f"{options.model} {height}×{width}", batch_size, tuple(suite.cases(batch_size))
        )


def build_model(options: SuiteOptions) -> keras.Model:
    """The model of the options, its weights drawn from their seed, its output logits.

    Raises:
        ValueError: If there is no such model.
    """
    keras.utils.set_random_seed(options.seed)
    if Path(options.model).suffix == ".keras":
        return keras.saving.load_model(options.model, compile=False)
    size = {} if options.image_size is None else {"input_shape": (*options.image_size, 3)}
    if options.model in backbones.names():
        return backbones.build(options.model, **size)
    build = getattr(keras.applications, options.model, None)
    if not callable(build):
        raise ValueError(
            f"Expected the name of a model in keras.applications, one of {backbones.names()}, or a "
            f".keras file, but {options.model!r} came."
        )
    return build(weights=None, classifier_activation=None, **size)


class _Suite:
    """Explainers that live through all batch sizes, and their cases."""

    def __init__(self, model: keras.Model, options: SuiteOptions) -> None:
        self._options = options
        self._model = model
        self._forward = tf.function(lambda images: model(images, training=False))
        graph = graph_of(model)
        body, self._tail = split_at(model, graph, last_spatial_slot(graph))
        self._body = tf.function(lambda images: body(images, training=False))
        self._explainers = self._build_explainers()

    def cases(self, batch_size: int) -> Iterator[Case]:
        """The cases of one batch size; the forward pass is the baseline of all but the loops."""
        shape = (batch_size, *self._model.input_shape[1:])
        images = tf.constant(
            np.random.default_rng(self._options.seed).standard_normal(shape, np.float32)
        )
        iterations = self._options.iterations
        yield Case(FORWARD, lambda: self._forward(images))
        for name, explainer in self._explainers.items():
            searches = name.startswith("L2-CAF lbfgs")
            yield Case(name, _maps(explainer, images), FORWARD, _evaluations if searches else None)
        classes = np.tile(np.arange(_SEVERAL), (batch_size, 1))
        for name in ("L2-CAF exact", "GradCAM"):
            run = _maps(self._explainers[name], images, classes)
            yield Case(f"{name}, {_SEVERAL} classes", run, FORWARD)
        steps = f"{iterations} iterations"
        yield Case(f"naive eager loop, {steps}", lambda: self._naive(images), FORWARD)
        reference = self._explainers[f"L2-CAF reference, {steps}"]
        sight = reference.see(images)
        ids = tf.argmax(sight.logits, axis=1, output_type=tf.int32)
        yield Case(NAIVE_LOOP, lambda: naive_filters(self._tail, sight.cut_tensor, ids, iterations))
        yield Case(
            "loop alone: reference, compiled",
            lambda: reference.explain(sight).maps,
            NAIVE_LOOP,
        )

    def _build_explainers(self) -> dict[str, Explainer]:
        model, iterations = self._model, self._options.iterations
        endless = {"solver": "reference", "max_iterations": iterations, "tolerance": 0.0}
        explainers = {
            "L2-CAF exact": L2CAF(model, solver="exact"),
            "L2-CAF exact, class-oblivious": L2CAF(
                model, objective="class_oblivious", solver="exact"
            ),
            f"L2-CAF reference, {iterations} iterations": L2CAF(model, **endless),
        }
        layer = self._options.intermediate_layer or _INTERMEDIATE.get(self._options.model)
        if layer is not None:
            explainers[f"L2-CAF lbfgs at {layer}"] = L2CAF(model, layer, solver="lbfgs")
        return explainers | {
            "CAM": CAM(model),
            "GradCAM": GradCAM(model),
            "LayerCAM": LayerCAM(model),
        }

    def _naive(self, images: tf.Tensor) -> tf.Tensor:
        features = self._body(images)
        ids = tf.argmax(self._tail(features), axis=1, output_type=tf.int32)
        return naive_filters(self._tail, features, ids, self._options.iterations)


def _maps(
    explainer: Explainer, images: tf.Tensor, class_ids: np.ndarray | None = None
) -> Callable[[], Any]:
    def run() -> Any:
        found = explainer.localize(images, class_ids)
        return found.maps, found.details.get("iterations")

    return run


def _evaluations(result: Any) -> str:
    fewest, most = np.min(result[1]), np.max(result[1])
    return f"{most} evaluations" if fewest == most else f"{fewest} to {most} evaluations"
