"""What is left of the features when the part that speaks for a class is taken away."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfwsol.layers.argument_checks import check_rank, check_unit_interval
from tfwsol.layers.class_attention import class_attention
from tfwsol.layers.precision import in_precision


@keras.saving.register_keras_serializable(package="tfwsol")
class AdversarialErasing(keras.layers.Layer):
    """Zeroes the cells of a feature map where the map of one class is at or above a threshold.

    The class map is moved and scaled to run from 0 to 1 and compared in float32; it carries no
    gradient, so that only the cells that stay pass one on to the features. A constant class map
    erases nothing (unless the threshold is 0). The layer works in training and at inference.

    Source: Zhang et al., "Adversarial Complementary Learning for Weakly Supervised Object
    Localization", CVPR 2018, section 3.2.

    Args:
        threshold: Share of the map's range from which on cells are erased, 0 to 1.

    Raises:
        ValueError: If the threshold is not between 0 and 1 or the features are not of rank 4.
    """

    def __init__(self, threshold: float = 0.7, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        self.threshold = check_unit_interval("threshold", threshold)

    def build(
        self, features_shape: tuple[int | None, ...], class_maps_shape: tuple[int | None, ...]
    ) -> None:
        """Makes nothing, since the layer has no weights."""
        check_rank("AdversarialErasing", features_shape)
        check_rank("AdversarialErasing", class_maps_shape)

    def call(self, features: Any, class_maps: Any, labels: Any = None) -> Any:
        """The features F · [attention(maps, label) < threshold].

        Args:
            features: batch × height × width × channels.
            class_maps: batch × height × width × classes, of the same height and width.
            labels: int, batch; None takes the class whose map has the highest mean.
        """
        features = in_precision(features, self.compute_dtype)
        kept = class_attention(class_maps, labels) < self.threshold
        return features * ops.cast(kept, features.dtype)

    def compute_output_shape(
        self, features_shape: tuple[int | None, ...], class_maps_shape: tuple[int | None, ...]
    ) -> tuple:
        """The shape of the features."""
        return features_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments this layer was made with."""
        return {**super().get_config(), "threshold": self.threshold}
