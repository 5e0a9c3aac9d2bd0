"""The calls of layers inside a model, watched and changed while it runs.

Afterwards the model is as it was. It serves subclassed models, which have no graph.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import keras

Wrap = Callable[[keras.Layer, Callable], Callable]
"""Takes a layer and the call to make, gives the call to make instead."""


def sub_layers(model: keras.Model) -> list[keras.Layer]:
    """Every layer inside a model, however deep, each once."""
    return list(dict.fromkeys(model._flatten_layers(include_self=False, recursive=True)))


class _Wraps(threading.local):
    """What a thread asks for the calls of layers, the outermost first."""

    def __init__(self) -> None:
        self.stack: list[Wrap] = []


_WRAPS = _Wraps()
_LOCK = threading.Lock()
_WATCHED: dict[int, _Watched] = {}


@contextlib.contextmanager
def watching(model: keras.Model, wrap: Wrap) -> Iterator[None]:
    """While it lasts, layers inside a model are called through what `wrap` makes of their `call`.

    Only for the calling thread: `tf.distribute` runs a model in one thread for each replica and
    switches between them in the middle of a call. A `call` that its author compiled runs
    uncompiled, since tensors could not leave it.

    Args:
        model: Its own `call` is not wrapped.
        wrap: Takes a layer and the call to make, gives the call to make instead.
    """
    layers = [model, *sub_layers(model)]
    inner = {id(layer) for layer in layers[1:]}

    def wrap_inner(layer: keras.Layer, call: Callable) -> Callable:
        return wrap(layer, call) if id(layer) in inner else call

    with _LOCK:
        for layer in layers:
            _WATCHED.setdefault(id(layer), _Watched(layer)).begin()
    _WRAPS.stack.append(wrap_inner)
    try:
        yield
    finally:
        _WRAPS.stack.pop()
        with _LOCK:
            for layer in layers:
                if _WATCHED[id(layer)].ended():
                    del _WATCHED[id(layer)]


class _Watched:
    """A layer whose `call` is exchanged as long as anyone watches it."""

    def __init__(self, layer: keras.Layer) -> None:
        self.layer, self.watchers = layer, 0
        self.before = vars(layer).get("call")

    def begin(self) -> None:
        self.watchers += 1
        if self.watchers > 1:
            return
        layer, plain = self.layer, _uncompiled(self.layer.call)

        @functools.wraps(plain)
        def watched(*args: Any, **kwargs: Any) -> Any:
            call = plain
            for wrap in _WRAPS.stack:
                call = wrap(layer, call)
            return call(*args, **kwargs)

        # Straight into the instance dictionary: Keras' own setattr would track the function.
        vars(layer)["call"] = watched

    def ended(self) -> bool:
        """Counts one watcher less; True where it was the last and the layer is as it was."""
        self.watchers -= 1
        if self.watchers:
            return False
        if self.before is None:
            del vars(self.layer)["call"]
        else:
            vars(self.layer)["call"] = self.before
        return True


def _uncompiled(call: Callable) -> Callable:
    """A `call` without the tf.function around it, whose tensors could not leave it."""
    return getattr(call, "python_function", call)
