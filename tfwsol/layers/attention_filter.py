"""The constrained attention filter of L2-CAF: one scalar per cell, broadcast over channels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

FILTER_TYPES = ("l2", "softmax", "gaussian")
SIGNS = ("abs", "positive", "signed")

# The published PyTorch program clamps the norm here; the TF1 one divides by zero instead.
_SMALLEST_NORM = 1e-12


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raises ValueError naming the choices where a value is none of them."""
    if value not in choices:
        raise ValueError(f"Expected {name} to be one of {list(choices)}, but {value!r} came.")


def constrain(raw: Any, filter_type: str, height: int, width: int, sigma: float = 1.0) -> Any:
    """The filter that raw parameters stand for.

    Args:
        raw: float, ... × height × width for "l2" and "softmax"; ... × 2 for "gaussian":
            the mean (x along columns, y along rows) in cells from the centre.
        filter_type: "l2": raw over its norm, sign kept. "softmax": softmax over all cells.
            "gaussian": an isotropic normal density at the mean, summing to one on the grid.
        height: Cells along the rows axis; even and non-square sizes are fine.
        width: Cells along the columns axis.
        sigma: Standard deviation of the Gaussian in cells.

    Returns:
        ... × height × width in the dtype of `raw`.
    """
    if filter_type == "gaussian":
        y = ops.cast(ops.arange(height), raw.dtype) - (height - 1) / 2
        x = ops.cast(ops.arange(width), raw.dtype) - (width - 1) / 2
        squares = (y[:, None] - raw[..., 1, None, None]) ** 2
        squares = squares + (x[None, :] - raw[..., 0, None, None]) ** 2
        raw = -squares / (2 * sigma**2)
    if filter_type == "l2":
        squares = ops.sum(ops.square(raw), axis=(-2, -1), keepdims=True)
        # Clamped before the root, whose gradient at zero is infinite.
        return raw / ops.sqrt(ops.maximum(squares, _SMALLEST_NORM**2))
    highest = ops.stop_gradient(ops.max(raw, axis=(-2, -1), keepdims=True))
    weights = ops.exp(raw - highest)
    return weights / ops.sum(weights, axis=(-2, -1), keepdims=True)


def finalise(filters: Any, sign: str) -> Any:
    """The map shown for a filter: its absolute value (as published), positive part, or itself."""
    if sign == "abs":
        return ops.abs(filters)
    return ops.maximum(filters, 0) if sign == "positive" else filters


def raw_shape(filter_type: str, frames: tuple[int, ...], height: int, width: int) -> tuple:
    """The shape of a filter's raw parameters, without a batch axis."""
    return (*frames, 2) if filter_type == "gaussian" else (*frames, height, width)


@keras.saving.register_keras_serializable(package="tfwsol")
class AttentionFilter(keras.layers.Layer):
    """Multiplies features by one constrained filter, the same for every channel.

    Input and output: batch × height × width × channels, or batch × frames × height × width ×
    channels with one filter per frame, each of unit norm. The spatial size must be known when
    the layer is built. The raw parameters stay float32 under mixed precision.

    Source: Taha et al., "A Generic Visualization Approach for Convolutional Neural Networks",
    ECCV 2020; softmax and Gaussian are the alternative constraints it compares with.

    Args:
        filter_type: "l2", "softmax" or "gaussian", see `constrain`.
        sigma: Standard deviation of the Gaussian in cells.
        initializer: Of the raw parameters; None: ones, which for "l2" is the uniform filter,
            and for "gaussian" zeros, which is the centre.

    Raises:
        ValueError: If the filter type is unknown, sigma is not positive, or the input is not of
            rank 4 or 5 with a known number of frames, height and width.
    """

    def __init__(
        self,
        filter_type: str = "l2",
        sigma: float = 1.0,
        initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_choice("filter_type", filter_type, FILTER_TYPES)
        if not sigma > 0:
            raise ValueError(f"Expected a positive sigma in cells, but {sigma!r} came.")
        self.supports_masking = True
        self.filter_type = filter_type
        self.sigma = sigma
        default = "zeros" if filter_type == "gaussian" else "ones"
        self.initializer = keras.initializers.get(initializer or default)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the raw parameters for the map size of the input."""
        if len(input_shape) not in (4, 5) or None in input_shape[1:-1]:
            raise ValueError(
                "AttentionFilter expects batch (× frames) × height × width × channels with all but "
                f"batch and channels known, but shape {tuple(input_shape)} came; give the model a "
                "fixed image size."
            )
        *frames, self._height, self._width = input_shape[1:-1]
        self.raw = self.add_weight(
            name="raw",
            shape=raw_shape(self.filter_type, tuple(frames), self._height, self._width),
            initializer=self.initializer,
            dtype="float32",
            autocast=False,
        )

    @property
    def filter(self) -> Any:
        """The constrained filter, float32 (frames ×) height × width, sign kept."""
        raw = ops.convert_to_tensor(self.raw)
        return constrain(raw, self.filter_type, self._height, self._width, self.sigma)

    def attention_map(self, sign: str = "abs") -> Any:
        """The filter as a heat map; "abs" is the published finalisation."""
        check_choice("sign", sign, SIGNS)
        return finalise(self.filter, sign)

    def call(self, inputs: Any) -> Any:
        """F ⊙ A, with the filter cast to the features' own precision."""
        return inputs * ops.cast(self.filter, inputs.dtype)[..., None]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments this layer was made with."""
        return {
            **super().get_config(),
            "filter_type": self.filter_type,
            "sigma": self.sigma,
            "initializer": keras.initializers.serialize(self.initializer),
        }
