"""A model cut at one spatial layer, ready to be explained: one face for all kinds of model."""

from __future__ import annotations

import abc
import collections
import weakref
from collections.abc import Callable, Hashable
from typing import Any

import keras

from tfwsol.graph import capture
from tfwsol.graph.flat_graph import FlatGraph, Slot, is_graph_model
from tfwsol.graph.head import Head, find_head
from tfwsol.graph.lookup import (
    LayerReference,
    find_slot,
    is_spatial,
    last_spatial_slot,
    no_reference,
)
from tfwsol.graph.split import body_to, graph_of, tail_to
from tfwsol.graph.tail_form import TailForm, tail_form


class Cut(abc.ABC):
    """What explainers need of a model: its features at a layer, and the logits they lead to.

    Attributes:
        form: The closed form of the tail, as far as it is known.
        head: The linear classifier, or None where it is not known.
        feature_channels: How many channels the classifier reads; 0 where it is not known.
        has_classifier: False where the output is known to be no vector of class scores.
        compiled: Where callers keep compiled forms of this cut's functions, to share them.
    """

    form: TailForm = TailForm.GENERAL
    head: Head | None = None
    feature_channels: int = 0
    has_classifier: bool = True

    def __init__(self) -> None:
        self.compiled: dict[str, Any] = {}

    @abc.abstractmethod
    def forward(self, images: Any) -> tuple[Any, Any, Any]:
        """The cut tensor, the context that crosses beside it, and the logits (float32)."""

    @abc.abstractmethod
    def logits(self, cut_tensor: Any, context: Any) -> Any:
        """The logits, float32 batch × classes, that a (changed) cut tensor leads to."""

    def features(self, cut_tensor: Any, context: Any) -> Any:
        """The classifier's pooled input, float32 batch × channels; only where `head` is known."""
        raise ValueError("This model's classifier is not known, so neither are its features.")


def cut_model(model: keras.Model, layer: LayerReference = None) -> Cut:
    """The model cut at a layer; None means the last tensor with more than one spatial cell.

    Functional and Sequential models are split along their graph; subclassed ones are watched
    while they run.

    Raises:
        ValueError: If the layer is unknown or has no spatial extent, or the output is no vector.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"Expected a Keras 3 model, but {type(model).__name__} came; load it with "
            "keras.saving.load_model or wrap it in keras.Model."
        )
    if isinstance(model, keras.Sequential) and not model.built:
        raise ValueError(
            f"Sequential model {model.name!r} was never built; call it once on a batch or give it "
            "an Input layer."
        )
    if not is_graph_model(model):
        if not isinstance(layer, str | tuple | keras.Layer | None):
            raise TypeError(no_reference(layer))
        return _shared(model, None, layer, lambda: CaptureCut(model, layer))
    graph = graph_of(model)
    slot = last_spatial_slot(graph) if layer is None else find_slot(graph, layer)
    _check_spatial(tuple(graph.specs[slot].shape), layer)
    return _shared(model, graph, slot, lambda: GraphCut(model, graph, slot))


class _CutsOfModel:
    def __init__(self, graph: FlatGraph | None) -> None:
        self.graph = graph
        self.by_place: collections.OrderedDict[Hashable, Cut] = collections.OrderedDict()


_CUTS: weakref.WeakKeyDictionary[keras.Model, _CutsOfModel] = weakref.WeakKeyDictionary()
_CUTS_PER_MODEL = 8


def _shared(
    model: keras.Model, graph: FlatGraph | None, place: Hashable, make: Callable[[], Cut]
) -> Cut:
    """One cut for all explainers of a place, so that they share its compiled forward pass."""
    cuts = _CUTS.get(model)
    if cuts is None or cuts.graph is not graph:
        cuts = _CUTS[model] = _CutsOfModel(graph)
    if place not in cuts.by_place:
        cuts.by_place[place] = make()
    cuts.by_place.move_to_end(place)
    while len(cuts.by_place) > _CUTS_PER_MODEL:
        cuts.by_place.popitem(last=False)
    return cuts.by_place[place]


class GraphCut(Cut):
    """A cut along the model's graph."""

    def __init__(self, model: keras.Model, graph: FlatGraph, slot: Slot) -> None:
        super().__init__()
        _check_layout(_last_with_a_layout(graph, slot))
        if len(graph.outputs) != 1 or len(graph.specs[graph.outputs[0]].shape) != 2:
            shapes = [tuple(graph.specs[s].shape) for s in graph.outputs]
            raise ValueError(
                f"Expected a model with one output of batch × classes, but {model.name!r} gives "
                f"{shapes}; choose one with keras.Model(model.inputs, ...)."
            )
        self.head = find_head(graph, slot)
        self.has_classifier = self.head is not None
        self.form = tail_form(graph, slot, self.head)
        end = graph.outputs[0] if self.head is None else self.head.features
        self.feature_channels = 0 if self.head is None else graph.specs[end].shape[-1]
        self._tail, crossing = tail_to(graph, slot, end, f"{model.name}_to_head")
        self._body = body_to(graph, [slot, *crossing], f"{model.name}_to_cut")

    def forward(self, images: Any) -> tuple[Any, Any, Any]:
        outputs = self._body(images, training=False)
        cut_tensor, *context = outputs if isinstance(outputs, list) else [outputs]
        return cut_tensor, context, self.logits(cut_tensor, context)

    def logits(self, cut_tensor: Any, context: Any) -> Any:
        end = self._tail([cut_tensor, *context], training=False)
        return keras.ops.cast(end, "float32") if self.head is None else self.head.logits(end)

    def features(self, cut_tensor: Any, context: Any) -> Any:
        if self.head is None:
            return super().features(cut_tensor, context)
        return self.head.pooled(self._tail([cut_tensor, *context], training=False))


class CaptureCut(Cut):
    """A cut through a subclassed model; the layer is looked up when images first come.

    It does not keep the model alive: the cache of cuts is forgotten with the model.
    """

    def __init__(self, model: keras.Model, layer: LayerReference) -> None:
        super().__init__()
        self._model_reference = weakref.ref(model)
        self._layer = layer
        self._target: capture.LayerCall | None = None

    @property
    def _model(self) -> keras.Model:
        model = self._model_reference()
        if model is None:
            raise ReferenceError("The model that was cut is gone; keep it while you explain it.")
        return model

    def forward(self, images: Any) -> tuple[Any, Any, Any]:
        output, calls = capture.run_recorded(self._model, images)
        found = capture.choose_call(self._model, calls, self._layer)
        _check_layout(found.layer)
        _check_spatial(tuple(found.output.shape), self._layer)
        if len(output.shape) != 2:
            raise ValueError(
                f"Expected a model with one output of batch × classes, but {self._model.name!r} "
                f"gives shape {tuple(output.shape)}."
            )
        # Keep which call it was, not its tensors: they belong to this trace.
        self._target = capture.LayerCall(found.layer, found.index, None, None)
        return found.output, images, capture.logits_of(output, calls)

    def logits(self, cut_tensor: Any, context: Any) -> Any:
        output, calls = capture.run_recorded(self._model, context, self._target, cut_tensor)
        return capture.logits_of(output, calls)


def _check_spatial(shape: tuple[int | None, ...], layer: LayerReference) -> None:
    if not is_spatial(shape):
        raise ValueError(
            f"Layer {getattr(layer, 'name', layer)!r} has no spatial extent (shape {shape}); "
            "choose one of batch × height × width × channels, or layer=None for the last one."
        )


def _last_with_a_layout(graph: FlatGraph, slot: Slot) -> Any:
    """The operation nearest before a slot that knows where its channels are, or None."""
    step = graph.producer(slot)
    while step is not None and not hasattr(step.operation, "data_format"):
        step = graph.producer(step.inputs[0]) if step.inputs else None
    return None if step is None else step.operation


def _check_layout(operation: Any) -> None:
    if getattr(operation, "data_format", None) == "channels_first":
        raise ValueError(
            f"Layer {operation.name!r} is channels_first; tfwsol reads channels_last maps, so "
            "rebuild the model with data_format='channels_last'."
        )
