"""The attention-based dropout layer: hide or stress what the features attend to most."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfwsol.layers.argument_checks import (
    check_rank,
    check_unit_interval,
    image_data_format,
)
from tfwsol.layers.precision import in_precision


@keras.saving.register_keras_serializable(package="tfwsol")
class ADL(keras.layers.Layer):
    """Multiplies features, in training, by their drop mask or their importance map.

    The mean over channels is the self-attention map of a sample. One draw per call decides for
    the whole batch: with probability `drop_rate` all cells that reach `drop_threshold` times the
    sample's highest attention become zero, otherwise every cell is weighted by the sigmoid of its
    attention. Nothing is rescaled and nothing is detached from the gradient. At inference the
    features come back untouched. The layer has no weights.

    Input and output: batch × height × width × channels (or channels first) in any float dtype;
    batch and sizes may be unknown. The map is computed in at least float32 under mixed precision.

    Source: Choe & Shim, "Attention-based Dropout Layer for Weakly Supervised Object
    Localization", CVPR 2019.

    Args:
        drop_rate: Probability of the drop mask, 0 to 1. The authors always train with 0.75.
        drop_threshold: Share of the highest attention from which on a cell is dropped, the paper's
            γ, 0 to 1. Published: 0.8 for VGG, 0.9 for ResNet50-SE.
        seed: Of the draws, an int; None takes another one for every layer. Compiled by XLA the
            same seed draws other numbers.
        data_format: "channels_last" or "channels_first"; None: Keras' setting.

    Raises:
        ValueError: If a share is not between 0 and 1, the data format is unknown or the input is
            not of rank 4.
    """

    def __init__(
        self,
        drop_rate: float = 0.75,
        drop_threshold: float = 0.8,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        # Keras would round a given draw to half precision as well; `call` casts the features.
        super().__init__(**{"autocast": False, **kwargs})
        self.drop_rate = check_unit_interval("drop_rate", drop_rate)
        self.drop_threshold = check_unit_interval("drop_threshold", drop_threshold)
        self.seed = seed
        self.data_format = image_data_format(data_format)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes nothing, since the layer has no weights."""
        check_rank("ADL", input_shape)

    def call(self, inputs: Any, training: bool | None = None, draw: Any = None) -> Any:
        """The features times (1 − b) · sigmoid(a) + b · [a < γ · max a], with b = ⌊u + drop_rate⌋.

        Args:
            inputs: The features.
            training: False or None: the features come back as they are.
            draw: A fixed u in [0, 1) for this call, a number or a scalar tensor, for tests;
                None draws one.
        """
        inputs = in_precision(inputs, self.compute_dtype)
        if not training:
            return inputs
        attention = self.attention(inputs)
        importance = ops.sigmoid(attention)
        drop_mask = self.drop_mask(attention)
        if draw is None:
            draw = keras.random.uniform((), dtype="float32", seed=self.seed_generator)
        # The sum is meant in float32, where just below 1 plus 1 rounds up to 2.
        lot = ops.minimum(ops.floor(ops.cast(draw, "float32") + self.drop_rate), 1)
        lot = ops.cast(lot, attention.dtype)
        return inputs * ops.cast((1 - lot) * importance + lot * drop_mask, inputs.dtype)

    def attention(self, features: Any) -> Any:
        """The self-attention map, at least float32: the mean over the channel axis, kept as 1."""
        precise = ops.cast(features, keras.backend.result_type(features.dtype, "float32"))
        return ops.mean(precise, axis=self._channel_axis, keepdims=True)

    def drop_mask(self, attention: Any) -> Any:
        """Zero where a map reaches the threshold of its own sample, one below."""
        cells = (1, 2, 3)
        threshold = self.drop_threshold * ops.max(attention, axis=cells, keepdims=True)
        return ops.cast(attention < threshold, attention.dtype)

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments this layer was made with."""
        return {
            **super().get_config(),
            "drop_rate": self.drop_rate,
            "drop_threshold": self.drop_threshold,
            "seed": self.seed,
            "data_format": self.data_format,
        }
