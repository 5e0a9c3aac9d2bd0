"""Random draws that differ from replica to replica."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfwsol.layers import ADL, CutMix

_FOR_THE_BATCH = (ADL, CutMix)
_APART = 1_000_003


def draw_apart(model: keras.Model) -> None:
    """Lets every replica draw numbers of its own in layers that draw for each example.

    Replicas have the state of a seed generator in common, so that dropout and hide-and-seek would
    hide the same parts of the first example of each replica, of the second, and so on. The first
    replica goes on to draw what one device draws. ADL and CutMix, whose one draw is for the whole
    batch, stay as they are: all replicas decide alike, as one device would.

    Args:
        model: In training under `tf.distribute`.
    """
    for layer in model._flatten_layers():
        if not isinstance(layer, _FOR_THE_BATCH):
            for value in vars(layer).values():
                if isinstance(value, keras.random.SeedGenerator):
                    value.next = functools.partial(_next, value.next)


def _next(next_in_common: Callable[..., Any], ordered: bool = True) -> Any:
    seed = next_in_common(ordered)
    replica = tf.distribute.get_replica_context()
    if replica is None:
        return seed
    offset = _APART * tf.cast(replica.replica_id_in_sync_group, seed.dtype)
    return seed + tf.stack([offset, tf.zeros_like(offset)])
