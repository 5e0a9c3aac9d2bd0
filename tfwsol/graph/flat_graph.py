"""A built Keras model as one flat list of steps, nested models inlined.

Reading the graph instead of calling it symbolically leaves no trace in the user's layers:
no inbound nodes, no clones, and the same code serves functional, Sequential, nested, siamese
and reloaded models.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import keras


@dataclasses.dataclass(frozen=True)
class Slot:
    """The place of one tensor in a flat graph."""

    index: int


@dataclasses.dataclass(frozen=True)
class Step:
    """One call of one operation; `args` and `kwargs` hold slots where tensors go."""

    operation: keras.Operation
    args: tuple
    kwargs: dict[str, Any]
    outputs: tuple[Slot, ...]
    path: str

    @property
    def inputs(self) -> list[Slot]:
        """The slots this step reads, in argument order."""
        leaves = keras.tree.flatten((self.args, self.kwargs))
        return [leaf for leaf in leaves if isinstance(leaf, Slot)]


@dataclasses.dataclass(frozen=True)
class Point:
    """A named place where a graph can be cut: one call of one layer or nested model.

    `order` tells a layer's earlier calls from its later ones, as its author wrote them.
    """

    path: str
    operation: keras.Operation
    outputs: tuple[Slot, ...]
    order: tuple[int, ...]

    @property
    def name(self) -> str:
        """The layer's own name, without the nested models around it."""
        return self.operation.name


class FlatGraph:
    """The steps of a model in an order in which they can run.

    Attributes:
        inputs: Slots of the model's flat inputs.
        input_structure: The model's inputs as it was built with (tensor, list or dict).
        steps: Every operation call, nested models inlined.
        points: Every layer call by name, nested models and input layers included.
        output_structure: The model's outputs with slots for tensors.
        specs: For each slot the symbolic tensor that names its shape and dtype.
    """

    def __init__(self, model: keras.Model) -> None:
        self.name = model.name
        self.steps: list[Step] = []
        self.points: list[Point] = []
        self.specs: dict[Slot, keras.KerasTensor] = {}
        self.input_structure = model.input
        self.inputs = [self._new_slot(tensor) for tensor in model.inputs]
        for slot, tensor in zip(self.inputs, model.inputs, strict=True):
            operation = tensor._keras_history.operation
            self.points.append(Point(operation.name, operation, (slot,), (0,)))
        slots = self._inline(model, self.inputs, None, training=None)
        structure = keras.tree.pack_sequence_as(model.output, slots)
        # A model made with a list of one output returns that output, not a list.
        is_single = isinstance(structure, list | tuple) and len(structure) == 1
        self.output_structure = structure[0] if is_single else structure

    @property
    def outputs(self) -> list[Slot]:
        """The slots of the model's outputs, flat."""
        return keras.tree.flatten(self.output_structure)

    def producer(self, slot: Slot) -> Step | None:
        """The step that computes a slot; None for the model's inputs."""
        return next((step for step in self.steps if slot in step.outputs), None)

    def depths(self) -> dict[Slot, int]:
        """For each slot that reaches an output, the longest way there in steps."""
        depths = dict.fromkeys(self.outputs, 0)
        for step in reversed(self.steps):
            reached = [depths[slot] for slot in step.outputs if slot in depths]
            for slot in step.inputs if reached else ():
                depths[slot] = max(depths.get(slot, 0), max(reached) + 1)
        return depths

    def _new_slot(self, spec: keras.KerasTensor) -> Slot:
        slot = Slot(len(self.specs))
        self.specs[slot] = spec
        return slot

    def _inline(
        self, model: keras.Model, inputs: list[Slot], around: Point | None, training: bool | None
    ) -> list[Slot]:
        values = {id(tensor): slot for tensor, slot in zip(model.inputs, inputs, strict=True)}
        for node in nodes_in_order(model):
            args, kwargs = fill_in(node.arguments, values)
            if training is not None and accepts_training(node.operation):
                kwargs = {**kwargs, "training": training}
            outputs = self._add(node, args, kwargs, around)
            values.update({id(t): s for t, s in zip(node.outputs, outputs, strict=True)})
        return [values[id(tensor)] for tensor in model.outputs]

    def _add(
        self, node: Any, args: tuple, kwargs: dict[str, Any], around: Point | None
    ) -> tuple[Slot, ...]:
        operation, index = node.operation, node.outputs[0]._keras_history.node_index
        point = Point(operation.name, operation, (), (index,))
        if around is not None:
            path, order = f"{around.path}/{point.path}", (*around.order, index)
            point = dataclasses.replace(point, path=path, order=order)
        # Keras notes a mask of None for each of several inputs.
        is_masked = any(mask is not None for mask in keras.tree.flatten(kwargs.get("mask")))
        if is_graph_model(operation) and not is_masked:
            outputs = self._add_nested(node, args, kwargs, point)
        else:
            outputs = tuple(self._new_slot(tensor) for tensor in node.outputs)
            self.steps.append(Step(operation, args, kwargs, outputs, point.path))
        self.points.append(dataclasses.replace(point, outputs=outputs))
        return outputs

    def _add_nested(
        self, node: Any, args: tuple, kwargs: dict[str, Any], point: Point
    ) -> tuple[Slot, ...]:
        nested = as_functional(node.operation)
        given = zip(_flat_inputs(nested, args, kwargs), nested.inputs, strict=True)
        inputs = [self._converted(slot, tensor.dtype, point.path) for slot, tensor in given]
        outputs = self._inline(nested, inputs, point, kwargs.get("training"))
        for slot, spec in zip(outputs, node.outputs, strict=True):
            # A nested model is often built for any image size; the call knows the real one.
            self.specs[slot] = keras.KerasTensor(spec.shape, self.specs[slot].dtype)
        return tuple(outputs)

    def _converted(self, slot: Slot, dtype: str, path: str) -> Slot:
        """The slot of the same tensor in the dtype that a nested model was built for."""
        spec = self.specs[slot]
        if spec.dtype == dtype:
            return slot
        converted = self._new_slot(keras.KerasTensor(spec.shape, dtype))
        self.steps.append(Step(InputCast(dtype), (slot,), {}, (converted,), f"{path}/cast"))
        return converted


class InputCast(keras.Operation):
    """A tensor in another dtype, as a functional model converts what it is given."""

    def __init__(self, dtype: str) -> None:
        # A name of its own would move the counter that names the user's next layers.
        super().__init__(name="input_cast")
        self.dtype = dtype

    def call(self, inputs: Any) -> Any:
        return keras.ops.cast(inputs, self.dtype)


def is_graph_model(model: Any) -> bool:
    """True where the graph is the whole truth: functional or built Sequential, `call` unchanged.

    A subclass that overrides `call` may do anything there, so its graph proves nothing.
    """
    if not isinstance(model, keras.Model):
        return False
    if isinstance(model, keras.Sequential) and getattr(model, "_functional", None) is None:
        return False
    owner = next(cls for cls in type(model).__mro__ if "call" in vars(cls))
    return owner.__name__ in ("Functional", "Sequential") and owner.__module__.startswith("keras.")


def as_functional(model: keras.Model) -> keras.Model:
    """The functional model behind a Sequential one; any other graph model as it is."""
    if isinstance(model, keras.Sequential):
        return keras.Model(model.inputs, model.outputs, name=model.name)
    return model


def accepts_training(operation: keras.Operation) -> bool:
    """True where the operation's call takes a `training` argument."""
    return isinstance(operation, keras.Layer) and (
        "training" in inspect.signature(operation.call).parameters
    )


def nodes_in_order(model: keras.Model) -> Iterable[Any]:
    """Node calls between a model's inputs and outputs, each after those it reads."""
    ready = {id(tensor) for tensor in model.inputs}
    seen: set[int] = set()
    stack = [(tensor, False) for tensor in reversed(model.outputs)]
    while stack:
        tensor, inputs_are_done = stack.pop()
        if id(tensor) in ready:
            continue
        history = tensor._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        if inputs_are_done:
            if id(node) not in seen:
                seen.add(id(node))
                ready.update(id(output) for output in node.outputs)
                yield node
            continue
        stack.append((tensor, True))
        stack.extend((parent, False) for parent in reversed(node.input_tensors))


def fill_in(arguments: Any, values: Mapping[int, Any]) -> tuple[tuple, dict[str, Any]]:
    """A node's arguments with a value, found by the tensor's id, for each symbolic tensor."""

    def place(leaf: Any) -> Any:
        return values[id(leaf)] if isinstance(leaf, keras.KerasTensor) else leaf

    args = keras.tree.map_structure(place, arguments.args)
    return tuple(args), dict(keras.tree.map_structure(place, arguments.kwargs))


def _flat_inputs(model: keras.Model, args: tuple, kwargs: dict[str, Any]) -> list[Slot]:
    structure = args[0] if args else kwargs["inputs"]
    return order_inputs(model.input, structure)


def order_inputs(reference: Any, structure: Any) -> list[Any]:
    """Inputs flat and in the model's order, whether they came as tensor, list or dictionary.

    Args:
        reference: The structure of symbolic tensors the model was built with.
        structure: What the caller passed.

    Raises:
        ValueError: If a named input is missing or the number of inputs differs.
    """
    tensors = keras.tree.flatten(reference)
    names = [tensor.name for tensor in tensors]
    if isinstance(structure, dict) and not isinstance(reference, dict):
        missing = [name for name in names if name not in structure]
        if missing:
            raise ValueError(
                f"The model expects inputs named {names}, but {sorted(structure)} came; "
                f"add {missing} or pass a list in that order."
            )
        return [structure[name] for name in names]
    flat = keras.tree.flatten(structure)
    if len(flat) != len(tensors):
        raise ValueError(
            f"The model expects {len(tensors)} input(s) {names}, but {len(flat)} came; "
            "pass exactly what model(...) accepts."
        )
    return flat
