"""One part of a split model, runnable on its own."""

from __future__ import annotations

from typing import Any

import keras

from tfwsol.graph.flat_graph import FlatGraph, Slot, Step, accepts_training, order_inputs


class GraphPart(keras.Model):
    """A model that runs some steps of another one, with the other's layers and weights.

    It replays steps instead of holding a Keras graph, so making one adds nothing to the
    original model. It can be called, traced, fitted and used inside other models. To keep it
    on disk, save the original and split again.
    """

    def __init__(
        self,
        graph: FlatGraph,
        steps: list[Step],
        inputs: list[Slot],
        outputs: Any,
        name: str,
        input_structure: Any = None,
    ) -> None:
        # The steps cast for themselves; a cast here would change what the cut tensor is.
        super().__init__(name=name, dtype=keras.DTypePolicy("float32"))
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        layers = [step.operation for step in steps if isinstance(step.operation, keras.Layer)]
        self.shared_layers = list(dict.fromkeys(layers))
        self._steps = _Untracked([(step, accepts_training(step.operation)) for step in steps])
        self._ends = _Untracked((list(inputs), outputs))
        self._specs = _Untracked([graph.specs[slot] for slot in inputs])
        self._output_specs = _Untracked([graph.specs[s] for s in keras.tree.flatten(outputs)])
        self._structure = _Untracked(input_structure)
        self.built = True

    @property
    def inputs(self) -> list[keras.KerasTensor]:
        """Symbolic tensors that name the shape and dtype of each input."""
        return self._specs.value

    @property
    def outputs(self) -> list[keras.KerasTensor]:
        """Symbolic tensors that name the shape and dtype of each output."""
        return self._output_specs.value

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The outputs of this part for its inputs, in the structure it was made with."""
        slots, outputs = self._ends.value
        values = dict(zip(slots, self._standardize(inputs), strict=True))

        def read(leaf: Any) -> Any:
            return values[leaf] if isinstance(leaf, Slot) else leaf

        for step, takes_training in self._steps.value:
            args, kwargs = keras.tree.map_structure(read, (step.args, step.kwargs))
            if takes_training and training is not None:
                kwargs["training"] = training
            results = keras.tree.flatten(step.operation(*args, **kwargs))
            values.update(zip(step.outputs, results, strict=True))
        return keras.tree.map_structure(read, outputs)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """None: the steps carry masks on their own tensors."""

    def get_config(self) -> dict[str, Any]:
        """Raises: a part is remade by splitting the model it came from."""
        raise ValueError(
            f"A part of a split model ({self.name!r}) has no configuration of its own; "
            "save the whole model and call tfwsol.graph.split again after loading it."
        )

    def _standardize(self, inputs: Any) -> list[Any]:
        specs, structure = self._specs.value, self._structure.value
        if structure is not None:
            flat = order_inputs(structure, inputs)
            return [_fit(value, spec, spec.dtype) for value, spec in zip(flat, specs, strict=True)]
        # What comes from the body already has the dtype that the model computed there.
        flat = order_inputs(specs, inputs)
        return [_fit(value, spec) for value, spec in zip(flat, specs, strict=True)]


class _Untracked:
    """Keeps a value out of the reach of Keras' attribute tracking, which would wrap its lists."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _fit(value: Any, spec: keras.KerasTensor, dtype: str | None = None) -> Any:
    """A value in its spec's rank, as a functional model would take it; None stays None."""
    if value is None:
        return value
    if dtype is not None or not keras.ops.is_tensor(value):
        value = keras.ops.convert_to_tensor(value, dtype=spec.dtype)
    rank, expected = len(value.shape), len(spec.shape)
    if rank == expected + 1 and value.shape[-1] == 1:
        return keras.ops.squeeze(value, axis=-1)
    if rank == expected - 1 and spec.shape[-1] == 1:
        return keras.ops.expand_dims(value, axis=-1)
    if rank != expected:
        raise ValueError(
            f"Expected an input of shape {tuple(spec.shape)}, but one of shape "
            f"{tuple(value.shape)} came; add or remove the batch axis."
        )
    return value
