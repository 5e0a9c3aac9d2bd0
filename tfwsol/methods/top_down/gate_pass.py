"""The walk from the answer down to the map."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from tfwsol.graph.flat_graph import Slot
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.gate_step import Activations, GateStep
from tfwsol.methods.top_down.gates import Gates


@dataclasses.dataclass(frozen=True)
class GatePass:
    """What a pass found.

    Attributes:
        gates: At the tensor where it stopped, float32, of its shape; a SparseTensor where the
            operations gave one.
        mass: The sum of the gates that each selecting step handed down, batch × steps; None where
            nobody asked.
        dropped: The sum of those that it dropped, likewise.
    """

    gates: Gates
    mass: tf.Tensor | None = None
    dropped: tf.Tensor | None = None


def gate_pass(
    steps: Sequence[GateStep],
    answer: Slot,
    stop: Slot,
    start: tf.Tensor,
    values: Activations,
    weigh: bool = False,
) -> GatePass:
    """The gates at `stop` of a pass that starts with some gates at the answer.

    A tensor that several layers read gets the sum of what they hand down.

    Args:
        steps: From the answer downwards, as `plan` gives them.
        answer: The slot of the scores.
        stop: The slot of the map.
        start: Gates of the classes, batch × classes.
        values: The activations that the steps need.
        weigh: Sum up the gates of every step, which costs as much as finding some of them.
    """
    gates, masses, drops, known = {answer: start}, [], [], {}
    for step in steps:
        above = gates.pop(step.step.outputs[0])
        below = step.below(above, values)
        for slot, part in zip(step.step.inputs, below, strict=True):
            gates[slot] = gates_of.plus(gates[slot], part) if slot in gates else part
        if weigh and step.selects:
            masses.append(_mass(below[0], known))
            drops.append(_mass(above, known) - masses[-1])
    if not weigh:
        return GatePass(gates[stop])
    none = tf.zeros([tf.shape(start)[0], 0])
    stacked = [tf.stack(each, axis=1) if each else none for each in (masses, drops)]
    return GatePass(gates[stop], *stacked)


def _mass(gates: Gates, known: dict[int, tuple[Gates, tf.Tensor]]) -> tf.Tensor:
    """The sum of gates by image; `known` holds those that were summed before."""
    if id(gates) not in known:
        known[id(gates)] = gates, gates_of.by_image(gates)  # an id is one's own while one lives
    return known[id(gates)][1]
