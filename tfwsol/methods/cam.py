"""Class activation maps: the classifier applied to every cell."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfwsol.graph import TailForm
from tfwsol.methods.explainer import Explainer


class CAM(Explainer):
    """`M_t(p) = Σ_c W_ct A_pc`, signed, without the bias.

    Exists where only global average pooling and a linear classifier follow the layer; behind a
    ReLU and such a tail it is read off the rectified features.

    Source: Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016,
    equation 2.

    Args:
        model: Any Keras classifier with such a tail, see `Explainer`.
        layer: See `Explainer`.

    Raises:
        ValueError: If anything else lies between the layer and the classifier.
    """

    def __init__(self, model: keras.Model, layer: Any = None) -> None:
        super().__init__(model, layer)
        if self._cut.form is TailForm.GENERAL:
            raise ValueError(
                f"CAM needs a layer of model {model.name!r} followed by nothing but global average "
                "pooling and the classifier; use GradCAM, LayerCAM or L2CAF here, or choose a "
                "later layer."
            )

    def _maps(
        self, cut_tensor: tf.Tensor, context: Any, logits: tf.Tensor, class_ids: tf.Tensor | None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        features = tf.cast(cut_tensor, tf.float32)
        if self._cut.form is TailForm.RELU_POOLED_LINEAR:
            features = tf.nn.relu(features)
        kernel, _ = self._cut.head.weights(features.shape[-1])
        weights = tf.gather(tf.transpose(kernel), class_ids)
        return tf.einsum("n...c,ntc->nt...", features, weights), {}
