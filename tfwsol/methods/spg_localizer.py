"""SPG: a classifier whose layers teach each other where the object is."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfwsol.layers import self_produced_guidance_loss
from tfwsol.layers.argument_checks import check_unit_interval, check_whole_number
from tfwsol.layers.self_produced_guidance import SIZE, THRESHOLDS
from tfwsol.methods.classification_loss import Classification, label_ids
from tfwsol.methods.localizer import Localizer


@keras.saving.register_keras_serializable(package="tfwsol")
class SPGLocalizer(Localizer):
    """A `Localizer` with three branches of single maps that are trained by masks of each other.

    The loss is the cross entropy plus the three guidance losses. Maps are the plain class maps;
    the branches only serve training.

    Source: Zhang et al., "Self-produced Guidance for Weakly-supervised Object Localization",
    ECCV 2018, with the constants of wsolevaluation.

    Args:
        network: See `Localizer`; its outputs are ``logits``, ``class_maps`` and the single maps
            ``b1``, ``b2`` and ``c``, before the sigmoid.
        thresholds: (high, low) of the masks from the attention, from b2, and from b1 and b2.
        guidance_size: Height and width at which masks are made, 224 × 224 as published.
        name: Of the model.

    Raises:
        ValueError: If there are not three pairs of thresholds from 0 to 1, or a size is not
            positive.
    """

    def __init__(
        self,
        network: keras.Model,
        thresholds: Any = THRESHOLDS,
        guidance_size: Any = SIZE,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(network, **{"method": "spg", **kwargs}, name=name)
        self.thresholds = _three_pairs(thresholds)
        self.guidance_size = _two_sides(guidance_size)

    def training_terms(
        self, images: Any, labels: Any, classification: Classification
    ) -> tuple[dict[str, Any], Any]:
        """CE + G(b2 | attention) + G(b1 | b2) + G(c | b1 and b2)."""
        outputs = self.network(images, training=True)
        guidance = self_produced_guidance_loss(
            outputs["class_maps"],
            label_ids(labels),
            outputs["b1"],
            outputs["b2"],
            outputs["c"],
            self.thresholds,
            self.guidance_size,
        )
        terms = {
            "classification": classification(labels, outputs["logits"]),
            "guidance": guidance,
        }
        return terms, outputs["logits"]

    def get_config(self) -> dict[str, Any]:
        """The arguments this model was made with."""
        return {
            **super().get_config(),
            "thresholds": [list(pair) for pair in self.thresholds],
            "guidance_size": list(self.guidance_size),
        }


def _two_sides(size: Any) -> tuple[int, int]:
    if np.shape(size) != (2,):
        raise ValueError(f"Expected guidance_size as (height, width), but {size!r} came.")
    height, width = (check_whole_number("a side of guidance_size", side, 1) for side in size)
    return height, width


def _three_pairs(thresholds: Any) -> tuple[tuple[float, float], ...]:
    pairs = np.array(thresholds, "object")
    if pairs.shape != (3, 2):
        raise ValueError(
            f"Expected three pairs (high, low) as thresholds, but {thresholds!r} came."
        )
    return tuple(
        (check_unit_interval("a high threshold", high), check_unit_interval("a low one", low))
        for high, low in pairs
    )
