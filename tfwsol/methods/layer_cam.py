"""LayerCAM: every cell of every channel weighted by its own positive gradient."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfwsol.methods.class_gradient import class_gradient
from tfwsol.methods.explainer import Explainer


class LayerCAM(Explainer):
    """`ReLU(Σ_c ReLU(∂ z_t / ∂ A_c) ⊙ A_c)`; sharp at early layers too.

    Source: Jiang et al., "LayerCAM", IEEE Transactions on Image Processing, 2021.

    Args:
        model: Any Keras classifier, see `Explainer`.
        layer: See `Explainer`.
    """

    def _maps(
        self, cut_tensor: tf.Tensor, context: Any, logits: tf.Tensor, class_ids: tf.Tensor | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        gradient = class_gradient(self._cut, cut_tensor, context, class_ids)
        features = tf.cast(cut_tensor, tf.float32)
        maps = tf.einsum("n...c,nt...c->nt...", features, tf.nn.relu(gradient))
        return tf.nn.relu(maps), {}
