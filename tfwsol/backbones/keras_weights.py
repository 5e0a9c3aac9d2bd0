"""Weights of keras.applications for networks that begin with the same layers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from tfwsol.backbones.keras_application import find_application, trained_application
from tfwsol.backbones.model_error import ModelError


def copy_keras_weights(
    variables: Sequence[keras.Variable],
    network: str,
    weights: str | os.PathLike[str],
    options: Mapping[str, Any],
) -> None:
    """Sets variables to the first weights of a `keras.applications` network.

    Args:
        variables: Of the layers that the two networks begin with, in order.
        network: "VGG16", …
        weights: "imagenet" (downloaded by Keras, or from its cache) or a file that fits.
        options: Arguments of the network's function.

    Raises:
        ModelError: The weights cannot be had or are others than the variables.
    """
    name, _ = find_application(network)
    model = trained_application(name, str(weights), options=options)
    values = model.get_weights()[: len(variables)]
    if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
        raise ModelError(
            f"The weights {str(weights)!r} of {network} with {dict(options)} do not begin with "
            "those of this network; check the options (alpha)."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
