"""Channel attention: a network inside the network that says how much each channel counts."""

from __future__ import annotations

from typing import Any

import keras

from tfwsol.layers.argument_checks import (
    check_rank,
    check_whole_number,
    image_data_format,
)


@keras.saving.register_keras_serializable(package="tfwsol")
class SqueezeExcite(keras.layers.Layer):
    """Scales every channel by a sigmoid of what all channels are on average.

    Global average, dense to channels // reduction with ReLU, dense back to the channels with
    sigmoid, product with the input; both dense layers have a bias and variance-scaling weights
    (2, fan-in). They are the attributes `squeeze` and `excite`.

    Input and output: batch × height × width × channels (or channels first); batch and sizes may
    be unknown.

    Source: Hu et al., "Squeeze-and-Excitation Networks", CVPR 2018, as in the ResNet50-SE of
    ADL's authors.

    Args:
        reduction: How many channels one hidden unit stands for; at least one unit is left.
        seed: Of the initial weights, an int; None draws others every time.
        data_format: "channels_last" or "channels_first"; None: Keras' setting.

    Raises:
        ValueError: If the reduction is not a positive whole number, or the input is not of rank 4
            with a known number of channels.
    """

    def __init__(
        self,
        reduction: int = 16,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.reduction = check_whole_number("reduction", reduction, 1)
        self.seed = seed
        self.data_format = image_data_format(data_format)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the two dense layers for the channels of the input."""
        check_rank("SqueezeExcite", input_shape)
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        if channels is None:
            raise ValueError(
                "SqueezeExcite expects a known number of channels, but shape "
                f"{tuple(input_shape)} came; give the model's input its channels."
            )
        hidden = max(1, channels // self.reduction)
        seeds = (None, None) if self.seed is None else (2 * self.seed, 2 * self.seed + 1)
        self.squeeze = self._dense(hidden, "relu", "squeeze", seeds[0])
        self.excite = self._dense(channels, "sigmoid", "excite", seeds[1])
        self.squeeze.build((None, channels))
        self.excite.build((None, hidden))

    def _dense(
        self, units: int, activation: str, name: str, seed: int | None
    ) -> keras.layers.Dense:
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer=keras.initializers.HeNormal(seed),
            dtype=self.dtype_policy,
            name=name,
        )

    def call(self, inputs: Any) -> Any:
        """The input times σ(W₂ · relu(W₁ · mean(input) + b₁) + b₂), one scale per channel."""
        last = self.data_format == "channels_last"
        scale = self.excite(self.squeeze(keras.ops.mean(inputs, axis=(1, 2) if last else (2, 3))))
        return inputs * (scale[:, None, None, :] if last else scale[:, :, None, None])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments this layer was made with."""
        return {
            **super().get_config(),
            "reduction": self.reduction,
            "seed": self.seed,
            "data_format": self.data_format,
        }
