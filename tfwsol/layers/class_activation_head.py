"""The classifier of a class activation map: one linear layer and a global average."""

from __future__ import annotations

import functools
from typing import Any

import keras
from keras import ops

from tfwsol.layers.argument_checks import check_unit_interval, check_whole_number
from tfwsol.layers.attention_filter import check_choice

FORMS = ("dense", "convolution")


@keras.saving.register_keras_serializable(package="tfwsol")
class ClassActivationHead(keras.Model):
    """Turns a feature map into logits and a map for each class.

    Form "dense" averages the features over all cells and ends in a dense layer; "convolution"
    makes class maps with a 1 × 1 convolution and averages these. In both, the logits are the
    spatial means of the class maps, which include the classifier's bias, a constant over each
    map. The head is a small functional model of stock Keras layers, so that `tfwsol.graph` sees
    through it: explainers find its classifier inside any model that calls it, and `insert_after`
    reaches its layers by path.

    Input: batch × height × width × channels; batch, height and width may be unknown. Output: a
    tuple of the logits, batch × classes, without softmax, and the class maps, batch × height ×
    width × classes.

    Attributes:
        classifier: The dense layer or the convolution.

    Source: Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016
    (dense); Zhang et al., "Adversarial Complementary Learning", CVPR 2018, section 3.1, shows
    that both forms give the same maps.

    Args:
        num_classes: Number of logits.
        channels: Channels of the feature map.
        form: "dense" or "convolution".
        dropout: Share of the classifier's inputs that is dropped in training. The class maps of
            form "dense" are made of all of them.
        kernel_initializer: Of the classifier; None: normal with deviation 0.01, as published.
        dtype: Type or policy of the layers; None: Keras' setting.

    Raises:
        ValueError: If the form is unknown, a number is not positive or the dropout is not
            between 0 and 1.
    """

    def __init__(
        self,
        num_classes: int,
        channels: int,
        form: str = "dense",
        dropout: float = 0.0,
        kernel_initializer: Any = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        num_classes = check_whole_number("num_classes", num_classes, 1)
        channels = check_whole_number("channels", channels, 1)
        check_choice("form", form, FORMS)
        dropout = check_unit_interval("dropout", dropout)
        policy = keras.dtype_policies.get(dtype)
        initializer = kernel_initializer or keras.initializers.RandomNormal(stddev=0.01)
        initializer = keras.initializers.get(initializer)
        average, classifier = _linear_layers(num_classes, form, initializer, policy)
        drops = [keras.layers.Dropout(dropout, dtype=policy, name="dropout")] if dropout else []
        features = keras.Input((None, None, channels), name="features", dtype=policy.compute_dtype)
        steps = [average, *drops, classifier] if form == "dense" else [*drops, classifier]
        result = functools.reduce(lambda x, step: step(x), steps, features)
        # The dense layer works on every cell as well as on the average.
        outputs = (result, classifier(features)) if form == "dense" else (average(result), result)
        super().__init__(features, outputs, **kwargs)
        self.num_classes = num_classes
        self.channels = channels
        self.form = form
        self.dropout = dropout
        self.kernel_initializer = initializer
        self.classifier = classifier
        self.policy = policy

    @property
    def class_weights(self) -> Any:
        """What each channel counts for each class, channels × classes, read now."""
        kernel = ops.convert_to_tensor(self.classifier.kernel)
        return ops.reshape(kernel, (self.channels, self.num_classes))

    def get_config(self) -> dict[str, Any]:
        """The arguments this head was made with."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "num_classes": self.num_classes,
            "channels": self.channels,
            "form": self.form,
            "dropout": self.dropout,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "dtype": keras.dtype_policies.serialize(self.policy),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> ClassActivationHead:
        """A head with its own fresh weights, from what `get_config` gave."""
        return cls(**config)


def _linear_layers(
    num_classes: int, form: str, initializer: Any, policy: Any
) -> tuple[keras.Layer, keras.Layer]:
    average = keras.layers.GlobalAveragePooling2D("channels_last", dtype=policy, name="average")
    options = {"kernel_initializer": initializer, "dtype": policy, "name": "logits"}
    if form == "dense":
        return average, keras.layers.Dense(num_classes, **options)
    return average, keras.layers.Conv2D(num_classes, 1, data_format="channels_last", **options)
