"""ACoL: two classifiers on one map, the second without what the first one looks at."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfwsol.layers import AdversarialErasing, min_max
from tfwsol.methods.classification_loss import Classification, label_ids
from tfwsol.methods.localizer import Localizer, maps_of_classes


@keras.saving.register_keras_serializable(package="tfwsol")
class ACoLLocalizer(Localizer):
    """A `Localizer` with a second branch that sees the features without the found part.

    The loss is the sum of both branches' cross entropies; the logits are those of the first. A
    class map is the greater of the two branches' maps, each from 0 to 1, where the features of
    the second are erased by the first branch's map of the very class that is asked about.

    Source: Zhang et al., "Adversarial Complementary Learning for Weakly Supervised Object
    Localization", CVPR 2018.

    Args:
        network: See `Localizer`; its outputs are ``logits`` and ``class_maps`` of the first
            branch and the ``features`` it reads.
        second: Functional, from features to the logits and class maps of the second branch.
        threshold: Share of the first map's range from which on features are erased, 0 to 1.
        name: Of the model.
    """

    def __init__(
        self,
        network: keras.Model,
        second: keras.Model,
        threshold: float = 0.7,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(network, **{"method": "acol", **kwargs}, name=name)
        self.second = second
        self.threshold = threshold
        self.erase = AdversarialErasing(threshold, name="acol_erase")

    def training_terms(
        self, images: Any, labels: Any, classification: Classification
    ) -> tuple[dict[str, Any], Any]:
        """CE(A) + CE(B), where B's features are erased by A's map of the label."""
        outputs = self.network(images, training=True)
        erased = self.erase(outputs["features"], outputs["class_maps"], label_ids(labels))
        logits_b, _ = self.second(erased, training=True)
        terms = {
            "classification": classification(labels, outputs["logits"]),
            "classification_b": classification(labels, logits_b),
        }
        return terms, outputs["logits"]

    def seen(self, images: Any) -> tuple[Any, Any]:
        """The first branch's logits; its class maps and the features."""
        outputs = self.network(images, training=False)
        logits = ops.cast(outputs["logits"], "float32")
        return logits, (outputs["class_maps"], outputs["features"])

    def maps(self, seen: Any, class_ids: Any) -> Any:
        """The greater of both branches' maps, each from 0 to 1 for itself."""
        class_maps, features = seen
        asked = class_ids.shape[1]
        first, features = (ops.repeat(tensor, asked, axis=0) for tensor in (class_maps, features))
        labels = ops.reshape(class_ids, (-1,))
        erased = self.erase(features, first, labels)
        _, second = self.second(erased, training=False)
        both = (maps_of_classes(maps, labels[:, None]) for maps in (first, second))
        first, second = (min_max(ops.transpose(maps, (0, 2, 3, 1))) for maps in both)
        highest = ops.maximum(first, second)[..., 0]
        return ops.reshape(highest, (-1, asked, *highest.shape[1:]))

    def inference_model(self) -> ACoLLocalizer:
        """The model without what only training needs; both branches make the maps, so both stay."""
        from tfwsol.methods.networks.inference import inference_network

        network = inference_network(self.network, ("logits", "class_maps", "features"))
        return ACoLLocalizer(network, self.second, self.threshold, f"{self.name}_inference")

    def get_config(self) -> dict[str, Any]:
        """The arguments this model was made with."""
        second = keras.saving.serialize_keras_object(self.second)
        return {**super().get_config(), "second": second, "threshold": self.threshold}
