"""Any network of keras.applications with a class activation head and a chosen output stride."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import keras

from tfwsol.backbones.keras_application import find_application
from tfwsol.backbones.keras_weights import copy_keras_weights
from tfwsol.backbones.logits import with_logits
from tfwsol.backbones.output_stride import with_output_stride


def application(
    network: str,
    num_classes: int | None = 1000,
    output_stride: int | None = None,
    input_shape: tuple[int | None, int | None, int] = (224, 224, 3),
    weights: str | os.PathLike[str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> keras.Model:
    """A `keras.applications` network up to its last map, with a global average and logits.

    The class layer is new, whatever the weights.

    Args:
        network: "DenseNet121", "EfficientNetB0", …; case does not matter.
        num_classes: Width of the output; None: the network ends with its last map.
        output_stride: Pixels per cell of the last map, see `output_stride.with_output_stride`;
            None: the network's own, mostly 32.
        input_shape: Height, width and channels; the sides may be None where the network allows.
        weights: None: untrained. "imagenet": downloaded by Keras, or from its cache. Otherwise a
            file that fits the whole classifier, or, with ``include_top=False`` among the
            options, the network without its head.
        options: More arguments of the network's function, such as ``{"alpha": 0.75}``.

    Returns:
        A functional model called ``application_<network>`` from images, preprocessed as
        `keras.applications` does for that network, to float32 logits or to the last map. Layers
        keep Keras' names.

    Raises:
        ModelError: The network is unknown or the weights cannot be had or do not fit.
        ValueError: The network cannot have that output stride, or the number of classes is not
            positive.
    """
    name, _ = find_application(network)
    options = dict(options or {})
    body = getattr(keras.applications, name)(
        **{**options, "include_top": False, "weights": None, "input_shape": input_shape}
    )
    if weights is not None:
        # A file fits the whole classifier, unless the caller says otherwise.
        options = {"include_top": weights != "imagenet", **options}
        copy_keras_weights(body.weights, name, weights, options)
    if output_stride is not None:
        body = with_output_stride(body, output_stride)
    features = body.outputs[0]
    logits = features if num_classes is None else with_logits(features, num_classes)
    return keras.Model(body.inputs[0], logits, name=f"application_{name.lower()}")
