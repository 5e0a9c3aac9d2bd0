"""What a gate step has to know of the graph around its layer."""

from __future__ import annotations

import collections
from typing import Any

import keras

from tfwsol.graph.flat_graph import FlatGraph, Slot, Step
from tfwsol.graph.head import is_keras_own
from tfwsol.methods.top_down.known_layers import (
    FINAL,
    RECTIFIED,
    SIGNED,
    activation_name,
    activation_of,
    is_identity,
    keeps_values,
)
from tfwsol.methods.top_down.settings import Settings

_KEEP_SIGNS = (
    *("MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D"),
    *("Concatenate", "Add", "Average", "Mean", "ZeroPadding2D", "Cropping2D"),
    *("Flatten", "Reshape", "Permute", "Squeeze", "ExpandDims", "Transpose"),
)
"""Operations whose outputs are nowhere negative where their inputs are not."""


class UnsupportedLayer(ValueError):
    """A layer through which no gates can be handed down; its text is the reason."""


class GraphReading:
    """Facts about the slots of a flat graph, each asked for when a plan is made.

    Args:
        graph: The flattened model.
        settings: How its layers select.
    """

    def __init__(self, graph: FlatGraph, settings: Settings) -> None:
        self.graph, self.settings = graph, settings
        self.consumers: dict[Slot, list[Step]] = collections.defaultdict(list)
        self._producers: dict[Slot, Step] = {}
        for step in graph.steps:
            self._producers.update(dict.fromkeys(step.outputs, step))
            for slot in step.inputs:
                self.consumers[slot].append(step)
        self._answers = self._slots_of_the_answer()
        self._never_negative: set[Slot] = set()
        for step in graph.steps:
            if self._keeps_from_negative(step):
                self._never_negative.update(step.outputs)

    def shape(self, slot: Slot) -> tuple[int | None, ...]:
        """The shape of a slot's tensor without the batch."""
        return tuple(self.graph.specs[slot].shape[1:])

    def producer(self, slot: Slot) -> Step | None:
        """The step that computes a slot; None for inputs."""
        return self._producers.get(slot)

    def is_answer(self, slot: Slot) -> bool:
        """True where a slot holds the model's scores, before or behind a final activation."""
        return slot in self._answers

    def normalisation(self, slot: Slot) -> Step | None:
        """The batch normalisation that alone reads a slot, to be folded into what made it."""
        readers = self.consumers[slot]
        if len(readers) != 1 or slot in self.graph.outputs or not is_batch_norm(readers[0]):
            return None
        return readers[0]

    def folded_into(self, step: Step) -> Step | None:
        """The linear layer into whose kernel the batch normalisation `step` is folded."""
        maker = self.producer(step.inputs[0])
        if maker is None or self.normalisation(step.inputs[0]) is not step:
            return None
        return maker if is_linear_with_kernel(maker.operation) else None

    def is_never_negative(self, slot: Slot) -> bool:
        """True where no value of a slot can be negative."""
        return slot in self._never_negative

    def signed(self, slot: Slot) -> Slot | None:
        """The slot itself where a gated unit of it can be negative, else None.

        Units that only rectifiers read are positive where a gate comes back. The units of the
        answer are asked for as they are: their products count, whatever they sum to.
        """
        if self.is_answer(slot) or slot in self._never_negative:
            return None
        readers = self.consumers[slot]
        if readers and all(activation_of(step.operation) in RECTIFIED for step in readers):
            return None
        return slot

    def check_activation(self, activation: Any, slot: Slot) -> None:
        """Accepts activations behind which a unit is still explained by its products.

        Raises:
            UnsupportedLayer: It is another one.
        """
        name = activation if isinstance(activation, str) else activation_name(activation)
        if name in (*RECTIFIED, *SIGNED) or (name in FINAL and self.is_answer(slot)):
            return
        where = " before the model's end" if name in FINAL else ""
        raise UnsupportedLayer(
            f"the activation {name!r}{where} does not keep the sign of a unit's products"
        )

    def _keeps_from_negative(self, step: Step) -> bool:
        name = activation_of(step.operation)
        if name is None and is_linear_with_kernel(step.operation, any_activation=True):
            name = activation_name(step.operation.activation)
        if name is not None:
            return name in (*RECTIFIED, *FINAL)
        keeps = keeps_values(step.operation) or is_keras_own(step.operation, _KEEP_SIGNS)
        return keeps and all(slot in self._never_negative for slot in step.inputs)

    def _slots_of_the_answer(self) -> set[Slot]:
        found = set(self.graph.outputs)
        for step in reversed(self.graph.steps):
            known = activation_of(step.operation) is not None or is_identity(step.operation)
            shaped = is_keras_own(step.operation, ("Flatten", "Reshape", "Squeeze"))
            if found.intersection(step.outputs) and (known or shaped) and len(step.inputs) == 1:
                found.update(step.inputs)
        return found


def check_layout(operation: Any) -> None:
    """Accepts operations on channels_last maps, and those that have no layout.

    Raises:
        UnsupportedLayer: It is channels_first.
    """
    if getattr(operation, "data_format", None) == "channels_first":
        raise UnsupportedLayer("it is channels_first; rebuild the model channels_last")


def is_batch_norm(step: Step) -> bool:
    """True for a batch normalisation of the last axis."""
    operation = step.operation
    if type(operation) is not keras.layers.BatchNormalization:
        return False
    return operation.axis in (-1, operation.input_spec.ndim - 1)


def is_linear_with_kernel(operation: Any, any_activation: bool = False) -> bool:
    """True for a convolution or dense layer, without activation unless any will do."""
    kinds = (
        keras.layers.Conv2D,
        keras.layers.DepthwiseConv2D,
        keras.layers.SeparableConv2D,
        keras.layers.Dense,
    )
    if type(operation) not in kinds:
        return False
    return any_activation or activation_name(operation.activation) == "linear"
