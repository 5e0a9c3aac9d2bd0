"""L2-CAF: the unit-norm attention filter that keeps a network's answer."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfwsol.layers.attention_filter import (
    FILTER_TYPES,
    SIGNS,
    check_choice,
    constrain,
    finalise,
    raw_shape,
)
from tfwsol.methods.explainer import Explainer
from tfwsol.methods.filter_search.closed_form import closed_form, has_closed_form
from tfwsol.methods.filter_search.objective import CONTRASTS, Objective, build_objective
from tfwsol.methods.filter_search.published_loop import PRESETS, Preset, published_loop
from tfwsol.methods.filter_search.search_result import SearchResult
from tfwsol.methods.filter_search.sphere_search import MAX_EVALUATIONS, TOLERANCE, sphere_search

OBJECTIVES = ("class_specific", "class_oblivious")
SOLVERS = ("auto", "exact", "lbfgs", "power", "reference")


class L2CAF(Explainer):
    """The filter, one scalar per cell, through which the network still says what it said.

    Class-specific: maximises the logit of a class against the sum of all others. Class-oblivious:
    changes the output (logits or an embedding) least; one map with the class id -1.

    Source: Taha et al., "A Generic Visualization Approach for Convolutional Neural Networks",
    ECCV 2020. The closed forms are ours.

    `details` of the result, leading axes batch × classes: `loss`; `iterations` (loss and gradient
    pairs; for "reference" the index where it stopped; 0 for closed forms); `converged`;
    `negative_share`, the share of cells whose filter is negative: where it is large, `sign="abs"`
    shows counter-evidence as heat; with `film`, also `film` and `film_loss`.

    Args:
        model: Any trained Keras model, see `Explainer`.
        layer: See `Explainer`. Of rank 5 (video), each frame gets a filter of its own.
        objective: "class_specific" or "class_oblivious".
        filter_type: "l2", or the ablations "softmax" and "gaussian".
        solver: "exact": the global optimum without iteration, where global average pooling and a
            linear classifier follow (class-specific also behind a ReLU). "lbfgs" and "power":
            descent on the sphere for any tail. "reference": the published gradient loop. "auto":
            exact where it exists, else lbfgs; reference for the ablation filters.
        preset: "pytorch" or "tf1": optimiser, schedule and start of the reference solver.
        initial: Where iterative solvers start: raw parameters, height × width (Gaussian: 2), with
            a leading batch axis or not. None: the uniform filter; for "tf1" normal noise drawn
            from `seed`, one draw per image, used for all its classes.
        learning_rate: Of the reference solver. None: the preset's.
        max_iterations: None: the preset's for "reference", 60 evaluations for the others.
        tolerance: None: the preset's (absolute) for "reference", 1e-7 (relative) for the others.
        sign: "abs" as published, "positive" to hide counter-evidence, or "signed".
        contrast: How the logits of other classes count against the class: "sum" as published, or
            their "mean", which like a softmax is blind to an offset common to all logits. On
            classifiers whose columns do not sum to about zero, "sum" shows that offset instead of
            the class; `negative_share` near 1 gives it away.
        film: Keep the filter every so many iterations of the reference solver; 0 keeps none.
        seed: Of the random start.

    Raises:
        ValueError: If an argument is none of its choices, if the exact solver is asked for where
            there is no closed form, or if a class is asked of a model without a classifier.
    """

    def __init__(
        self,
        model: keras.Model,
        layer: Any = None,
        objective: str = "class_specific",
        filter_type: str = "l2",
        solver: str = "auto",
        preset: str = "pytorch",
        initial: Any = None,
        learning_rate: float | None = None,
        max_iterations: int | None = None,
        tolerance: float | None = None,
        sign: str = "abs",
        contrast: str = "sum",
        film: int = 0,
        seed: int = 0,
    ) -> None:
        check_choice("objective", objective, OBJECTIVES)
        check_choice("filter_type", filter_type, FILTER_TYPES)
        check_choice("solver", solver, SOLVERS)
        check_choice("preset", preset, tuple(PRESETS))
        check_choice("sign", sign, SIGNS)
        check_choice("contrast", contrast, CONTRASTS)
        if max_iterations is not None and max_iterations < 1:
            raise ValueError(f"Expected max_iterations from 1, but {max_iterations} came.")
        if filter_type != "l2" and solver not in ("auto", "reference"):
            raise ValueError(
                f"solver={solver!r} works on unit-norm filters, but filter_type={filter_type!r} "
                "came; use solver='reference'."
            )
        self.needs_classifier = objective == "class_specific"
        super().__init__(model, layer)
        self._filter_type, self._solver, self._sign, self._film = filter_type, solver, sign, film
        self._contrast = contrast
        self._initial = None if initial is None else np.asarray(initial, np.float32)
        self._seed = seed
        given = {
            "learning_rate": learning_rate,
            "max_iterations": max_iterations,
            "tolerance": tolerance,
        }
        given = {name: value for name, value in given.items() if value is not None}
        self._preset: Preset = dataclasses.replace(PRESETS[preset], **given)
        self._max_evaluations = max_iterations or MAX_EVALUATIONS
        self._tolerance = TOLERANCE if tolerance is None else tolerance

    def _choose(self, logits: tf.Tensor, class_ids: Any, top_k: int) -> tf.Tensor | None:
        if self.needs_classifier:
            return super()._choose(logits, class_ids, top_k)
        if class_ids is not None:
            raise ValueError(
                "A class-oblivious map belongs to no class, but class ids came; leave them out or "
                "use objective='class_specific'."
            )
        return None

    def _maps(
        self, cut_tensor: tf.Tensor, context: Any, logits: tf.Tensor, class_ids: tf.Tensor | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        published = self._solver == "reference" or self._filter_type != "l2"
        objective = build_objective(
            self._cut, cut_tensor, context, logits, class_ids, self._contrast, not published
        )
        classes = 1 if class_ids is None else class_ids.shape[1]
        found = self._search(objective, cut_tensor, classes)

        def by_image(rows: tf.Tensor) -> tf.Tensor:
            return tf.reshape(rows, tf.concat([[-1, classes], tf.shape(rows)[1:]], 0))

        def shown(filters: tf.Tensor) -> tf.Tensor:
            if len(cut_tensor.shape) == 4:
                filters = tf.squeeze(filters, axis=-3)
            return by_image(finalise(filters, self._sign) if self._filter_type == "l2" else filters)

        negative = tf.cast(found.filters < 0, tf.float32)
        details = {
            "loss": by_image(found.loss),
            "iterations": by_image(found.iterations),
            "converged": by_image(found.converged),
            "negative_share": by_image(tf.reduce_mean(negative, axis=(1, 2, 3))),
        }
        if self._film:
            details |= {"film": shown(found.film), "film_loss": by_image(found.film_loss)}
        return shown(found.filters), details

    def _search(self, objective: Objective, cut_tensor: tf.Tensor, classes: int) -> SearchResult:
        height, width = cut_tensor.shape[-3:-1]
        solver = self._solver_for(objective)
        if solver == "exact":
            return closed_form(objective, height, width)

        def filters_of(raw: tf.Tensor) -> tf.Tensor:
            return constrain(raw, self._filter_type, height, width)

        raw = self._start(cut_tensor, classes, solver)
        if solver == "reference":
            return published_loop(objective, filters_of, raw, self._preset, self._film)
        return sphere_search(
            objective, filters_of(raw), solver, self._max_evaluations, self._tolerance
        )

    def _solver_for(self, objective: Objective) -> str:
        if self._solver != "auto":
            return self._solver
        if self._filter_type != "l2":
            return "reference"
        return "exact" if has_closed_form(objective) else "lbfgs"

    def _start(self, cut_tensor: tf.Tensor, classes: int, solver: str) -> tf.Tensor:
        """Raw parameters, rows × frames × (height × width or 2)."""
        *frames, height, width = cut_tensor.shape[1:-1]
        shape = raw_shape(self._filter_type, (frames[0] if frames else 1,), height, width)
        images = tf.shape(cut_tensor)[0]
        if self._initial is not None:
            size = int(np.prod(shape))
            if self._initial.size % size:
                raise ValueError(
                    f"Expected an initial filter of {shape[1:]} raw parameters, per image or for "
                    f"all, but shape {self._initial.shape} came."
                )
            start = tf.reshape(tf.constant(self._initial), (-1, *shape))
            start = tf.broadcast_to(start, (images, *shape))
        elif self._preset.random_start and solver == "reference":
            start = tf.random.stateless_normal((images, *shape), (self._seed, 0))
        else:
            start = tf.fill((images, *shape), 0.0 if self._filter_type == "gaussian" else 1.0)
        return tf.repeat(start, classes, axis=0)
