"""Putting new layers into a trained model with all weights kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from tfwsol.graph.flat_graph import is_graph_model
from tfwsol.graph.lookup import unknown_name

LayerFactory = type[keras.Layer] | Callable[[], keras.Layer] | keras.Layer
"""A layer class or zero-argument callable, called once per place, or one layer to share."""


def insert_after(model: keras.Model, factories: Mapping[str, LayerFactory]) -> keras.Model:
    """A model that runs a new layer behind each named one and shares all other variables.

    The given model stays as it was. Training the result trains the shared variables, so it
    trains both.

    Args:
        model: A functional or built Sequential model; names may lie in nested models.
        factories: For each layer name, or path ("backbone/conv5"), what to put behind every
            call of that layer.

    Returns:
        A functional (or Sequential) model of the same inputs and outputs, which saves and
        loads as `.keras`.

    Raises:
        ValueError: If a name is unknown or goes to several layers, or the model is subclassed.
        TypeError: If a factory does not give a Keras layer.
    """
    if not is_graph_model(model):
        raise ValueError(
            f"Model {getattr(model, 'name', model)!r} has no graph to insert into: functional and "
            "built Sequential models have one; give a Sequential an Input layer, or add the "
            "layer in the subclass's own call."
        )
    places = dict(_paths(model))
    targets = {_path_of(name, places, model.name): f for name, f in factories.items()}
    shared = {path: f for path, f in targets.items() if isinstance(f, keras.Layer)}
    by_layer = {places[path]: _maker(path, f) for path, f in targets.items() if path not in shared}
    by_layer.update({places[path]: lambda layer=layer: layer for path, layer in shared.items()})
    return _rebuild(model, by_layer, {})


def _paths(model: keras.Model, prefix: str = "") -> list[tuple[str, keras.Layer]]:
    found = []
    for layer in model.layers:
        found.append((prefix + layer.name, layer))
        if is_graph_model(layer):
            found.extend(_paths(layer, f"{prefix}{layer.name}/"))
    return found


def _path_of(name: str, places: Mapping[str, keras.Layer], model_name: str) -> str:
    if name in places:
        return name
    paths = [path for path in places if path.rsplit("/", 1)[-1] == name]
    if not paths:
        raise ValueError(unknown_name(name, list(places), f"Model {model_name!r}"))
    if len(paths) > 1:
        raise ValueError(
            f"{len(paths)} layers of model {model_name!r} are called {name!r}; "
            f"name one by its path: {paths}."
        )
    return paths[0]


def _maker(path: str, factory: LayerFactory) -> Callable[[], keras.Layer]:
    def make() -> keras.Layer:
        layer = factory()
        if not isinstance(layer, keras.Layer):
            raise TypeError(
                f"The factory for {path!r} should give a Keras layer, but gave "
                f"{type(layer).__name__}; pass a layer class, a zero-argument callable or a layer."
            )
        return layer

    return make


def _rebuild(model: keras.Model, makers: Mapping[Any, Any], done: dict[Any, Any]) -> keras.Model:
    """The model with its layers shared, except that nested models with a target are rebuilt."""

    def keep(layer: Any) -> Any:
        if not is_graph_model(layer) or not _holds(layer, makers):
            return layer
        # A nested model that is called twice stays one model with one set of new layers.
        if layer not in done:
            done[layer] = _rebuild(layer, makers, done)
        return done[layer]

    originals: dict[int, Any] = {}

    def share(layer: Any) -> Any:
        kept = keep(layer)
        originals[id(kept)] = layer
        return kept

    if isinstance(model, keras.Sequential):
        return _rebuild_sequential(model, makers, keep)

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = layer(*args, **kwargs)
        original = originals.get(id(layer), layer)
        return makers[original]()(outputs) if original in makers else outputs

    return keras.models.clone_model(model, clone_function=share, call_function=call)


def _rebuild_sequential(
    model: keras.Sequential, makers: Mapping[Any, Any], keep: Callable[[Any], Any]
) -> keras.Sequential:
    layers: list[Any] = [
        keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)
        for tensor in model.inputs
    ]
    for layer in model.layers:
        layers.append(keep(layer))
        if layer in makers:
            layers.append(makers[layer]())
    return keras.Sequential(layers, name=model.name)


def _holds(model: keras.Model, makers: Mapping[Any, Any]) -> bool:
    return any(layer in makers for _, layer in _paths(model))
