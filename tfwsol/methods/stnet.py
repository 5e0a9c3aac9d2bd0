"""STNet: the gate of a class handed down to the units that explain it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfwsol.boxes import CellGrid
from tfwsol.graph.flat_graph import is_graph_model
from tfwsol.graph.split import graph_of
from tfwsol.localization import Localization
from tfwsol.methods.explainer import Explainer, Sight
from tfwsol.methods.top_down import gates as gates_of
from tfwsol.methods.top_down.activation_cut import ActivationCut
from tfwsol.methods.top_down.gate_pass import gate_pass
from tfwsol.methods.top_down.gate_step import Activations
from tfwsol.methods.top_down.plan import plan
from tfwsol.methods.top_down.settings import Mode, Preset, preset_of, settings_of
from tfwsol.methods.top_down.stop_place import grids_at, stop_slot

COLLAPSES = ("sum", "max")


class STNet(Explainer):
    """A class' gate of one, shared out layer by layer among the units that explain it.

    Every gated unit prunes the products of its weights and inputs, keeps one coherent group of
    them and hands its gate down in proportion: convolutions keep one channel's connected group,
    dense layers those that the 68-95-99.7 rule keeps. No gradients are used. The sum of all
    gates stays one, except for units whose products sum to nothing positive: they are dropped.

    Source: Biparva and Tsotsos, "STNet: Selective Tuning of Convolutional Networks for Object
    Localization", ICCV 2017 workshops, pp. 2715-2723. Sums of tensors (each gets its positive
    share), negative units of layers without ReLU (explained by their negative products),
    normalisations (folded into the kernel before them) and several readers of one tensor (their
    gates are summed) are our extension.

    `details` of the result, leading axes batch × classes: `mass` and `dropped`, how much of the
    gate of one arrived at the map and how much did not; with `keep_gates` also
    `gates`, height × width × channels, and for each of `layers` what it handed down and what it
    dropped, `layer_mass` and `layer_dropped`.

    Weights are read when images are explained: the kernels of the pass are packed once, and
    packed again where the model's have changed. They take as much memory as the model's own.

    Args:
        model: A Keras classifier with a graph (functional, Sequential, nested or reloaded) of
            convolutions, pools, dense layers, normalisations, concatenations and additions.
        preset: A name out of `tfwsol.methods.top_down.settings.PRESETS`, or such a `Preset`. None:
            the one that the model's name begins with, else "general".
        stop_layer: Whose output's gates are the map: a name, a path, a layer, or (one of these,
            call index). None: as the preset has it; the image, or a tensor above it.
        modes: '1', 'ALL', '699' or ('699', offset), by kind ("dense", "bridge", "max_pool",
            "average_pool", the last also "connected") or by a layer's name.
        alpha: Weight of energy against area when convolutions choose a group, 0 to 1: of all, or
            by a layer's name. None: the preset's.
        literal: Select products of zero and below where the published program does, which lets
            NaN arise.
        collapse: How the gates of a cell become its value: their "sum", or the "max" of them. For
            boxes of gates that stay apart keep them and see `tfwsol.boxes.gate_boxes`.
        keep_gates: Put the gates themselves and each layer's share into the details.
        pass_through: Names of layers that no rule knows and whose cells belong to the same cells
            of their input, such as a custom normalisation.
        bias_units: Of convolutions' units that only a bias or normalisation makes positive:
            "drop" their gates as published, or "share" them among their positive products. None:
            the preset's; networks with batch normalisation lose most gates without sharing.

    Raises:
        ValueError: An argument is none of its choices, the model has no graph or ends in no
            classifier, or layers between the map and the answer cannot be passed: all of them are
            named, with the reasons.
    """

    def __init__(
        self,
        model: keras.Model,
        preset: str | Preset | None = None,
        stop_layer: Any = None,
        *,
        modes: Mapping[str, Mode] | None = None,
        alpha: float | Mapping[str, float] | None = None,
        literal: bool = False,
        collapse: str = "sum",
        keep_gates: bool = False,
        pass_through: Any = (),
        bias_units: str | None = None,
    ) -> None:
        if collapse not in COLLAPSES:
            raise ValueError(f"Expected to collapse gates to one of {COLLAPSES}; got {collapse!r}.")
        place = _image_layer(model) if stop_layer is None else stop_layer
        super().__init__(model, place)
        if not is_graph_model(model):
            raise ValueError(
                f"STNet goes down along a model's graph, and the subclassed model {model.name!r} "
                "shows none; build it with keras.Model(inputs, outputs) or as a Sequential."
            )
        graph = graph_of(model)
        chosen = preset_of(preset, model.name)
        settings = settings_of(chosen, modes, alpha, literal, pass_through, bias_units)
        self._collapse, self._keep_gates = collapse, keep_gates
        self._stop = stop_slot(graph, stop_layer, settings)
        self._answer = graph.outputs[0]
        self._steps = plan(graph, self._stop, settings)
        watched = dict.fromkeys(slot for step in self._steps for slot in step.needs)
        self._cut = ActivationCut(model, graph, self._stop, watched)
        self._grids = grids_at(graph, self._stop, settings)

    @property
    def layers(self) -> tuple[str, ...]:
        """The paths of the layers that select, from the answer downwards."""
        return tuple(step.step.path for step in self._steps if step.selects)

    @property
    def grids(self) -> tuple[CellGrid, CellGrid] | None:
        """Where the map's rows and columns lie in the image, and what they see; None: unknown."""
        return self._grids

    def explain(self, sight: Sight, class_ids: Any = None, top_k: int = 1) -> Localization:
        for step in self._steps:
            for kernel in step.kernels:
                kernel.refresh()
        return super().explain(sight, class_ids, top_k)

    def _maps(
        self, cut_tensor: tf.Tensor, context: Any, logits: tf.Tensor, class_ids: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        asked = tf.shape(class_ids)[:2]
        start = tf.one_hot(tf.reshape(class_ids, [-1]), logits.shape[-1])
        values = Activations(self._cut.values(context), class_ids.shape[1])
        found = gate_pass(
            self._steps, self._answer, self._stop, start, values, weigh=self._keep_gates
        )

        def of_images(flat: tf.Tensor) -> tf.Tensor:
            return tf.reshape(flat, tf.concat([asked, tf.shape(flat)[1:]], axis=0))

        maps = gates_of.over_channels(found.gates)
        arrived = gates_of.by_image(found.gates)
        details = {"mass": of_images(arrived), "dropped": of_images(1 - arrived)}
        if self._keep_gates:
            details["gates"] = of_images(gates_of.whole(found.gates))
            details["layer_mass"] = of_images(found.mass)
            details["layer_dropped"] = of_images(found.dropped)
        if self._collapse == "max":
            maps = tf.reduce_max(gates_of.whole(found.gates), axis=-1)
        return of_images(maps), details


def _image_layer(model: keras.Model) -> Any:
    """The layer by which images come in, so that any network with a graph can be cut there."""
    if not is_graph_model(model):
        return None
    images = [tensor for tensor in model.inputs if len(tensor.shape) == 4]
    return images[0]._keras_history.operation if images else None
