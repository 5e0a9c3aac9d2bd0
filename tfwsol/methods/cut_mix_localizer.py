"""CutMix: a classifier trained on images with pasted rectangles and mixed labels."""

from __future__ import annotations

from typing import Any

import keras

from tfwsol.layers import CutMix
from tfwsol.methods.classification_loss import Classification
from tfwsol.methods.localizer import Localizer


@keras.saving.register_keras_serializable(package="tfwsol")
class CutMixLocalizer(Localizer):
    """A `Localizer` whose training batches are mixed first; metrics see the unmixed labels.

    Source: Yun et al., "CutMix", ICCV 2019.

    Args:
        network: See `Localizer`.
        mix: The layer that mixes.
        name: Of the model.
    """

    def __init__(
        self, network: keras.Model, mix: CutMix, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(network, **{"method": "cutmix", **kwargs}, name=name)
        self.mix = mix

    def training_terms(
        self, images: Any, labels: Any, classification: Classification
    ) -> tuple[dict[str, Any], Any]:
        """The loss of the mixed images for their mixed labels, λ · CE(y) + (1 − λ) · CE(y')."""
        loss = keras.losses.get(self.loss)
        if isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
            raise ValueError(
                "CutMix mixes labels, which SparseCategoricalCrossentropy cannot take; compile "
                "without a loss, or with CategoricalCrossentropy(from_logits=True)."
            )
        images, targets = self.mix(images, labels, training=True)
        return super().training_terms(images, targets, classification)

    def get_config(self) -> dict[str, Any]:
        """The arguments this model was made with."""
        return {**super().get_config(), "mix": keras.saving.serialize_keras_object(self.mix)}
