"""The forward pass that leaves every tensor the top-down pass reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from tfwsol.graph.cut import GraphCut
from tfwsol.graph.flat_graph import FlatGraph, Slot
from tfwsol.graph.split import body_to, downstream


class ActivationCut(GraphCut):
    """A cut whose forward pass also gives the values of some slots, each computed once.

    The context holds what crosses beside the cut, then these values.

    Args:
        model: The classifier.
        graph: Its flat graph.
        slot: Where it is cut.
        watched: The slots whose values are wanted.
    """

    def __init__(
        self, model: keras.Model, graph: FlatGraph, slot: Slot, watched: Iterable[Slot]
    ) -> None:
        super().__init__(model, graph, slot)
        self.watched = list(watched)
        end = graph.outputs[0] if self.head is None else self.head.features
        _, crossing = downstream(graph, slot, [end])
        self._crossing = len(crossing)
        wanted = [slot, *crossing, *self.watched, end]
        self._collect = body_to(graph, wanted, f"{model.name}_activations")

    def forward(self, images: Any) -> tuple[Any, Any, Any]:
        cut_tensor, *context, end = self._collect(images, training=False)
        logits = keras.ops.cast(end, "float32") if self.head is None else self.head.logits(end)
        return cut_tensor, context, logits

    def logits(self, cut_tensor: Any, context: Any) -> Any:
        return super().logits(cut_tensor, context[: self._crossing])

    def features(self, cut_tensor: Any, context: Any) -> Any:
        return super().features(cut_tensor, context[: self._crossing])

    def values(self, context: Any) -> dict[Slot, Any]:
        """The watched values by slot, as the context of a forward pass holds them."""
        return dict(zip(self.watched, context[self._crossing :], strict=True))
