"""What L2-CAF minimises, in the cheapest form that a network's tail allows.

Class-oblivious: the mean squared change of the output. Class-specific, class t: `s · z` with
`s_t = -1` and, for all other classes, +1 as published ("sum") or 1 / (classes - 1) ("mean"). A
softmax does not see an offset common to all logits, but the published sum sees it a thousandfold:
where the columns of a classifier do not sum to about zero, it asks for that offset, not the class.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfwsol.graph import Cut, TailForm

Objective = Callable[[tf.Tensor], tf.Tensor]
"""Maps filters, rows × frames × height × width, to their losses, rows; both float32."""


@dataclasses.dataclass(frozen=True)
class LinearObjective:
    """`constant + <slope, f>`: class-specific with a pooled linear tail (the slope is a CAM).

    Attributes:
        constant: float32, rows.
        slope: float32, rows × 1 × height × width.
    """

    constant: tf.Tensor
    slope: tf.Tensor

    def __call__(self, filters: tf.Tensor) -> tf.Tensor:
        return self.constant + tf.reduce_sum(self.slope * filters, axis=(1, 2, 3))


@dataclasses.dataclass(frozen=True)
class ReluObjective:
    """`constant + sum of slope[sign of f] · |f|`: class-specific behind ReLU and a pool.

    Attributes:
        constant: float32, rows.
        positive: float32, rows × 1 × height × width, the slope of cells with f > 0.
        negative: The same for -f in cells with f < 0.
    """

    constant: tf.Tensor
    positive: tf.Tensor
    negative: tf.Tensor

    def __call__(self, filters: tf.Tensor) -> tf.Tensor:
        cells = self.positive * tf.nn.relu(filters) + self.negative * tf.nn.relu(-filters)
        return self.constant + tf.reduce_sum(cells, axis=(1, 2, 3))


@dataclasses.dataclass(frozen=True)
class QuadraticObjective:
    """`(f - 1)ᵀ Q (f - 1)`: class-oblivious with a pooled linear tail; Q by its eigenvectors.

    Attributes:
        values: Eigenvalues of Q from low to high, float64 (small ones matter), rows × rank.
        vectors: float64, rows × cells × rank; zeros where the eigenvalue counts as zero.
    """

    values: tf.Tensor
    vectors: tf.Tensor

    def __call__(self, filters: tf.Tensor) -> tf.Tensor:
        change = tf.reshape(filters, (tf.shape(filters)[0], -1)) - 1.0
        seen = tf.einsum("rpi,rp->ri", tf.cast(self.vectors, tf.float32), change)
        return tf.reduce_sum(tf.cast(self.values, tf.float32) * tf.square(seen), axis=1)


CONTRASTS = ("sum", "mean")
# Eigenvalues below this share of the largest are rounding of the float32 maps squared.
_RELATIVE_ZERO = 1e-12


def build_objective(
    cut: Cut,
    cut_tensor: tf.Tensor,
    context: Any,
    logits: tf.Tensor,
    class_ids: tf.Tensor | None,
    contrast: str = "sum",
    reduced: bool = True,
) -> Objective:
    """The objective of every image and class, rows in image-major order.

    Args:
        cut: The model, cut.
        cut_tensor: A, images × (frames ×) height × width × channels.
        context: What crosses beside the cut.
        logits: The unfiltered output, images × outputs.
        class_ids: int32, images × classes; None for class-oblivious.
        contrast: How the other classes count, one of `CONTRASTS`.
        reduced: Use the tail's closed form where it has one. The published loop does not: it
            stops when two float32 losses agree, so they must be rounded as the tail rounds them.
    """
    form = cut.form if reduced else TailForm.GENERAL
    others = 1.0 if contrast == "sum" else 1.0 / max(logits.shape[1] - 1, 1)
    if class_ids is None:
        if form is TailForm.POOLED_LINEAR:
            return _quadratic(cut, cut_tensor)
        return _oblivious_through_tail(cut, cut_tensor, context, logits)
    if form is TailForm.POOLED_LINEAR:
        constant, weights = _contrast(cut, cut_tensor.shape[-1], class_ids, others)
        return LinearObjective(constant, _class_maps(tf.cast(cut_tensor, tf.float32), weights))
    if form is TailForm.RELU_POOLED_LINEAR:
        constant, weights = _contrast(cut, cut_tensor.shape[-1], class_ids, others)
        features = tf.cast(cut_tensor, tf.float32)
        return ReluObjective(
            constant,
            _class_maps(tf.nn.relu(features), weights),
            _class_maps(tf.nn.relu(-features), weights),
        )
    return _specific_through_tail(cut, cut_tensor, context, class_ids, others)


def apply_filters(features: tf.Tensor, filters: tf.Tensor) -> tf.Tensor:
    """F ⊙ A in the features' precision; frames of still images are dropped."""
    weights = filters if len(features.shape) == 5 else filters[:, 0]
    return features * tf.cast(weights, features.dtype)[..., None]


def _contrast(
    cut: Cut, channels: int, class_ids: tf.Tensor, others: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """The classifier collapsed to `s · (Wᵀx + b)`: constants, rows, and W s per image and class."""
    kernel, bias = cut.head.weights(channels)
    own = tf.gather(tf.transpose(kernel), class_ids)
    weights = others * tf.reduce_sum(kernel, axis=1) - (1.0 + others) * own
    constant = others * tf.reduce_sum(bias) - (1.0 + others) * tf.gather(bias, class_ids)
    return tf.reshape(constant, (-1,)), weights


def _class_maps(features: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Σ_c A_pc w_tc / cells as rows × 1 × height × width."""
    cells = tf.cast(features.shape[1] * features.shape[2], tf.float32)
    maps = tf.einsum("nhwc,ntc->nthw", features, weights) / cells
    return tf.reshape(maps, (-1, 1, features.shape[1], features.shape[2]))


def _quadratic(cut: Cut, cut_tensor: tf.Tensor) -> QuadraticObjective:
    """Q = M Mᵀ / (K P²) with M = A W, the class activation maps of all K outputs."""
    height, width, channels = cut_tensor.shape[1:]
    features = tf.reshape(tf.cast(cut_tensor, tf.float32), (-1, height * width, channels))
    kernel, _ = cut.head.weights(channels)
    outputs = kernel.shape[1]
    maps = tf.cast(tf.matmul(features, kernel), tf.float64) / (height * width * outputs**0.5)
    if height * width <= outputs:
        values, vectors = tf.linalg.eigh(tf.matmul(maps, maps, transpose_b=True))
    else:
        # The smaller of M Mᵀ and Mᵀ M has all the eigenvalues that are not zero.
        values, vectors = tf.linalg.eigh(tf.matmul(maps, maps, transpose_a=True))
        vectors = tf.matmul(maps, vectors) / tf.sqrt(tf.maximum(values, 1e-300))[:, None]
    seen = values > values[:, -1:] * _RELATIVE_ZERO
    return QuadraticObjective(
        tf.where(seen, values, tf.zeros_like(values)),
        tf.where(seen[:, None], vectors, tf.zeros_like(vectors)),
    )


def _oblivious_through_tail(
    cut: Cut, cut_tensor: tf.Tensor, context: Any, logits: tf.Tensor
) -> Objective:
    def objective(filters: tf.Tensor) -> tf.Tensor:
        filtered = cut.logits(apply_filters(cut_tensor, filters), context)
        return tf.reduce_mean(tf.square(filtered - logits), axis=1)

    return objective


def _specific_through_tail(
    cut: Cut, cut_tensor: tf.Tensor, context: Any, class_ids: tf.Tensor, others: float
) -> Objective:
    classes = class_ids.shape[1]
    features, context = repeat_rows((cut_tensor, context), classes)
    targets = tf.reshape(class_ids, (-1,))

    def through_logits(filters: tf.Tensor) -> tf.Tensor:
        filtered = cut.logits(apply_filters(features, filters), context)
        own = tf.gather(filtered, targets, batch_dims=1)
        return others * tf.reduce_sum(filtered, axis=1) - (1.0 + others) * own

    if cut.head is None:
        return through_logits
    # The classifier collapses to one vector per row, which saves classes × channels a step.
    constant, weights = _contrast(cut, cut.feature_channels, class_ids, others)
    weights = tf.reshape(weights, (-1, cut.feature_channels))

    def through_features(filters: tf.Tensor) -> tf.Tensor:
        pooled = cut.features(apply_filters(features, filters), context)
        return constant + tf.reduce_sum(pooled * weights, axis=1)

    return through_features


def repeat_rows(structure: Any, times: int) -> Any:
    """Every tensor with each of its rows repeated, so that rows are images × classes."""
    if times == 1:
        return structure
    return tf.nest.map_structure(lambda tensor: tf.repeat(tensor, times, axis=0), structure)
