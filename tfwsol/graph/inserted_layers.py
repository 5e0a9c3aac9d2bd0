"""A subclassed model with new layers behind some of its own.

Such a model has no graph to rebuild, so while it runs the calls of the named layers are watched
and what they return goes through the new layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras

from tfwsol.graph.flat_graph import accepts_training, is_graph_model
from tfwsol.graph.watching import watching


@keras.saving.register_keras_serializable(package="tfwsol")
class InsertedLayers(keras.Model):
    """Gives what a model gives, with a new layer behind every call of some layers inside it.

    The model is as it was whenever it is called by itself. It saves and loads wherever the given
    model does: as for that one, the process that loads it has to know the model's class.

    Args:
        model: A keras.Model of one first argument (a tensor, list or dict).
        inserted: The new layers by the places (see `places_in`) of those they go behind.
        name: Of this model; None: that of the given one.

    Raises:
        ValueError: If there is no such place.
    """

    def __init__(
        self, model: keras.Model, inserted: Mapping[str, keras.Layer], name: str | None = None
    ) -> None:
        super().__init__(name=name or model.name, dtype=model.dtype_policy)
        places = places_in(model)
        missing = [place for place in inserted if place not in places]
        if missing:
            raise ValueError(
                f"Model {model.name!r} has no layers at {missing} to put others behind; it has "
                f"{list(places)}."
            )
        self.model = model
        self.inserted = dict(inserted)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The model's output, with the new layers in place."""
        own = {} if training is None else {"training": training}
        places = places_in(self.model)
        behind = {id(places[place]): layer for place, layer in self.inserted.items()}

        def extended(layer: keras.Layer, call: Callable) -> Callable:
            new = behind.get(id(layer))
            if new is None:
                return call
            given = own if accepts_training(new) else {}
            return lambda *args, **kwargs: new(call(*args, **kwargs), **given)

        given = own if accepts_training(self.model) else {}
        with watching(self.model, extended):
            return self.model(inputs, **given)

    def get_config(self) -> dict[str, Any]:
        """The arguments this model was made with."""
        serialize = keras.saving.serialize_keras_object
        inserted = {place: serialize(layer) for place, layer in self.inserted.items()}
        return {"name": self.name, "model": serialize(self.model), "inserted": inserted}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InsertedLayers:
        """The model that such arguments make."""
        deserialize = keras.saving.deserialize_keras_object
        inserted = {place: deserialize(layer) for place, layer in config["inserted"].items()}
        return cls(deserialize(config["model"]), inserted, config["name"])


def places_in(model: keras.Model) -> dict[str, keras.Layer]:
    """Every layer inside a model, each once, by the way there: "stem", "blocks/0/conv".

    The way goes along attributes and places in lists, in functional models along places in
    `layers`; unlike the names that Keras makes up, it is the same in every process. Layers
    inserted before do not lengthen it.
    """
    found: dict[str, keras.Layer] = {}
    seen = {id(model)}

    def visit(way: str, value: Any) -> None:
        if isinstance(value, keras.Layer):
            if id(value) in seen:
                return
            seen.add(id(value))
            found[way] = value
            children = _children(value)
        elif isinstance(value, list | tuple):
            children = enumerate(value)
        elif isinstance(value, dict):
            children = value.items()
        else:
            return
        for key, child in children:
            visit(f"{way}/{key}", child)

    for key, child in _children(model):
        visit(str(key), child)
    return found


def _children(layer: keras.Layer) -> Iterable[tuple[Any, Any]]:
    if isinstance(layer, InsertedLayers):
        return [*_children(layer.model), ("inserted", layer.inserted)]
    if is_graph_model(layer) or isinstance(layer, keras.Sequential):
        return enumerate(layer.layers)
    # Keras and TensorFlow keep lists of all of them as well.
    kept = ("_layers", "_self_")
    return ((name, value) for name, value in vars(layer).items() if not name.startswith(kept))
