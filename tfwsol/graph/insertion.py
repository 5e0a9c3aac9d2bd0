"""Putting new layers into a trained model with all weights kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import keras

from tfwsol.graph.flat_graph import fill_in, is_graph_model, nodes_in_order
from tfwsol.graph.inserted_layers import InsertedLayers, places_in
from tfwsol.graph.lookup import unknown_name

LayerFactory = type[keras.Layer] | Callable[[], keras.Layer] | keras.Layer
"""A layer class or zero-argument callable, called once per place, or one layer to share."""

_STEPS = ("train_step", "compute_loss", "test_step", "predict_step")
"""What `fit` and its like ask of a model."""


def insert_after(model: keras.Model, factories: Mapping[str, LayerFactory]) -> keras.Model:
    """A model that runs a new layer behind each named one and shares all other variables.

    The given model stays as it was. Training the result trains the shared variables, so it
    trains both. The result is not compiled.

    Args:
        model: Functional, built Sequential, or subclassed with layers called as `self.layer(x)`;
            names may lie in nested models.
        factories: For each layer name, or path ("backbone/conv5"), what to put behind every
            call of that layer. Each call is a place of its own, so a layer that is called
            twice is followed by two new layers; a nested model that is called twice stays one
            model with one set of new layers. In a subclassed model, whose calls are not known
            beforehand, one new layer follows all calls of a layer, and a path goes along
            attributes and places in lists ("blocks/0/conv").

    Returns:
        A functional (or Sequential) model of the same inputs and outputs, which saves and
        loads as `.keras`; for a subclassed model `InsertedLayers` around it.

    Raises:
        ValueError: If a name is unknown, goes to several layers or comes twice, a Sequential
            was never built, or a subclassed model has a training step of its own.
        TypeError: If it is no Keras model, or a factory does not give a Keras layer.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"Expected a Keras model, but {type(model).__name__} came.")
    if is_graph_model(model):
        return _rebuild(model, _makers(model, factories, dict(_paths(model))), {})
    if isinstance(model, keras.Sequential) and not model.built:
        raise ValueError(
            f"Sequential model {model.name!r} was never built; call it once on a batch or give it "
            "an Input layer."
        )
    return _around(model, factories)


def _around(model: keras.Model, factories: Mapping[str, LayerFactory]) -> InsertedLayers:
    """A subclassed model with new layers, which are built where the model is."""
    own = [name for name in _STEPS if getattr(type(model), name) is not getattr(keras.Model, name)]
    if own:
        raise ValueError(
            f"Subclassed model {model.name!r} has a {own[0]} of its own, which would not run with "
            "layers inserted from outside; call the new layers in the class itself."
        )
    places = places_in(model)
    paths = {id(layer): path for path, layer in places.items()}
    makers = _makers(model, factories, places)
    inserted = InsertedLayers(model, {paths[id(layer)]: make() for layer, make in makers.items()})
    if model.built and (config := model.get_build_config()):
        inserted.build_from_config(config)
    return inserted


def _makers(
    model: keras.Model,
    factories: Mapping[str, LayerFactory],
    places: Mapping[str, keras.Layer],
) -> dict[Any, Callable[[], keras.Layer]]:
    taken = {layer.name for layer in places.values()}
    makers: dict[Any, Callable[[], keras.Layer]] = {}
    for name, factory in factories.items():
        path = _path_of(name, places, model.name)
        if places[path] in makers:
            raise ValueError(
                f"Two entries, one of them {name!r}, mean the same layer {path!r} of model "
                f"{model.name!r}; name each layer once."
            )
        makers[places[path]] = _maker(path, factory, taken)
    return makers


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
    paths = [path for path, layer in places.items() if layer.name == name]
    if not paths:
        names = [*(layer.name for layer in places.values()), *places]
        raise ValueError(unknown_name(name, names, f"Model {model_name!r}"))
    if len({places[path] for path in paths}) > 1:
        raise ValueError(
            f"{len(paths)} layers of model {model_name!r} are called {name!r}; "
            f"name one by its path: {paths}."
        )
    return paths[0]


def _maker(path: str, factory: LayerFactory, taken: Collection[str]) -> Callable[[], keras.Layer]:
    def make() -> keras.Layer:
        layer = factory()
        if not isinstance(layer, keras.Layer):
            raise TypeError(
                f"The factory for {path!r} should give a Keras layer, but gave "
                f"{type(layer).__name__}; pass a layer class, a zero-argument callable or a layer."
            )
        return layer

    def make_with_free_name() -> keras.Layer:
        layer = make()
        # A model from a file may hold the names that Keras numbers next in this process.
        for _ in taken:
            if layer.name not in taken:
                break
            layer = make()
        return layer

    if isinstance(factory, keras.Layer):
        return lambda: factory
    return make_with_free_name if isinstance(factory, type) else make


def _rebuild(model: keras.Model, makers: Mapping[Any, Any], done: dict[Any, Any]) -> keras.Model:
    """The model with its layers shared, except that nested models with a target are rebuilt."""

    def keep(layer: Any) -> Any:
        if not is_graph_model(layer) or not _holds(layer, makers):
            return layer
        # A nested model that is called twice stays one model with one set of new layers.
        if layer not in done:
            done[layer] = _rebuild(layer, makers, done)
        return done[layer]

    if isinstance(model, keras.Sequential):
        return _rebuild_sequential(model, makers, keep)
    return _rebuild_functional(model, makers, keep)


def _rebuild_functional(
    model: keras.Model, makers: Mapping[Any, Any], keep: Callable[[Any], Any]
) -> keras.Model:
    def extended(operation: Any, outputs: Any) -> Any:
        return makers[operation]()(outputs) if operation in makers else outputs

    inputs = keras.tree.map_structure(_new_input, model.input)
    values = {
        id(old): extended(old._keras_history.operation, new)
        for old, new in zip(model.inputs, keras.tree.flatten(inputs), strict=True)
    }
    for node in nodes_in_order(model):
        args, kwargs = fill_in(node.arguments, values)
        outputs = extended(node.operation, keep(node.operation)(*args, **kwargs))
        flat = keras.tree.flatten(outputs)
        values.update({id(t): value for t, value in zip(node.outputs, flat, strict=True)})
    outputs = keras.tree.map_structure(lambda tensor: values[id(tensor)], model.output)
    owner = next(cls for cls in type(model).__mro__ if "__init__" in vars(cls))
    # A subclass that is made like any functional model keeps its own train_step and the like.
    same = owner.__name__ == "Functional" and owner.__module__.startswith("keras.")
    return (type(model) if same else keras.Model)(inputs, outputs, name=model.name)


def _rebuild_sequential(
    model: keras.Sequential, makers: Mapping[Any, Any], keep: Callable[[Any], Any]
) -> keras.Sequential:
    layers: list[Any] = [_new_input(tensor) for tensor in model.inputs]
    for layer in model.layers:
        layers.append(keep(layer))
        if layer in makers:
            layers.append(makers[layer]())
    return keras.Sequential(layers, name=model.name)


def _new_input(tensor: keras.KerasTensor) -> keras.KerasTensor:
    optional = getattr(tensor._keras_history.operation, "optional", False)
    return keras.Input(
        batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name, optional=optional
    )


def _holds(model: keras.Model, makers: Mapping[Any, Any]) -> bool:
    return any(layer in makers for _, layer in _paths(model))
