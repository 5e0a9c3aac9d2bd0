"""Which operations hand gates on as they are, and which values can be negative."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfwsol.graph.flat_graph import InputCast
from tfwsol.graph.head import NOTHING_AT_INFERENCE, is_keras_own
from tfwsol.layers import ADL, HideAndSeek

RECTIFIED = ("relu", "relu6", "softplus", "exponential")
"""Activations without negative values."""

SIGNED = (
    "linear",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "swish",
    "hard_silu",
    "hard_swish",
    "mish",
    "tanh",
    "hard_tanh",
    "softsign",
)
"""Activations that keep the sign of what goes in."""

FINAL = ("softmax", "log_softmax", "sigmoid")
"""Activations that only the model's answer may have."""

_ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "leaky_relu",
    "ELU": "elu",
    "Softmax": "softmax",
}
_ACTIVATION_OPS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "Selu": "selu",
    "Celu": "celu",
    "Gelu": "gelu",
    "Silu": "silu",
    "HardSilu": "hard_silu",
    "Tanh": "tanh",
    "HardTanh": "hard_tanh",
    "SoftSign": "softsign",
    "Softsign": "softsign",
    "Softplus": "softplus",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid",
}
_INPUT_SCALINGS = ("Rescaling", "Normalization")
_OWN_IDENTITIES = (ADL, HideAndSeek, InputCast)
_CROSS_CHANNEL_NORMS = ("LocalResponseNormalization", "LocalResponseNorm", "LRN")
"""Custom layers by these names scale a cell by its neighbours in other channels."""


def activation_of(operation: Any) -> str | None:
    """The name of the activation that an operation is; None where it is none."""
    if type(operation) is keras.layers.Activation:
        return activation_name(operation.activation)
    if is_keras_own(operation, ("ReLU",)) and np.any(operation.negative_slope):
        return "leaky_relu"
    for names in (_ACTIVATION_LAYERS, _ACTIVATION_OPS):
        if is_keras_own(operation, tuple(names)):
            return names[type(operation).__name__]
    return None


def activation_name(activation: Any) -> str:
    """The name of an activation, a function or a layer, as the lists above have it."""
    if isinstance(activation, keras.Layer):
        return activation_of(activation) or activation.name
    return getattr(activation, "__name__", str(activation))


def is_identity(operation: Any) -> bool:
    """True for what hands on the same cells at inference, shifted or scaled at most."""
    return (
        is_keras_own(operation, (*NOTHING_AT_INFERENCE, *_INPUT_SCALINGS))
        or type(operation) in _OWN_IDENTITIES
        or type(operation).__name__ in _CROSS_CHANNEL_NORMS
    )


def keeps_values(operation: Any) -> bool:
    """True for an identity that changes no sign."""
    return is_identity(operation) and not is_keras_own(operation, _INPUT_SCALINGS)
