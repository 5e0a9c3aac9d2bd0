"""Grad-CAM: channels weighted by their mean gradient."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfwsol.methods.class_gradient import class_gradient
from tfwsol.methods.explainer import Explainer


class GradCAM(Explainer):
    """`ReLU(Σ_c α_c A_c)` with `α_c` the mean of `∂ z_t / ∂ A_c` over all cells.

    Source: Selvaraju et al., "Grad-CAM", ICCV 2017, equations 1 and 2. The score is the logit
    before the softmax, as there.

    Args:
        model: Any Keras classifier, see `Explainer`.
        layer: See `Explainer`.
    """

    def _maps(
        self, cut_tensor: tf.Tensor, context: Any, logits: tf.Tensor, class_ids: tf.Tensor | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        gradient = class_gradient(self._cut, cut_tensor, context, class_ids)
        weights = tf.reduce_mean(gradient, axis=range(2, len(gradient.shape) - 1))
        features = tf.cast(cut_tensor, tf.float32)
        return tf.nn.relu(tf.einsum("n...c,ntc->nt...", features, weights)), {}
